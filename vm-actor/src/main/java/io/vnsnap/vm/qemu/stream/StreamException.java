package io.vnsnap.vm.qemu.stream;

import java.io.IOException;

/**
 * A migration stream is not of the layout that is known here; the message says what was found, and
 * at which byte of the stream.
 */
public final class StreamException extends IOException {
  private static final long serialVersionUID = 1;

  private final long offset;

  StreamException(String found, long offset) {
    super(
        "QEMU's stream cannot be taken apart: "
            + found
            + " at byte "
            + offset
            + "; is this a version or a setting of QEMU that VNsnap does not know?");
    this.offset = offset;
  }

  /** Where in the stream it was found, in bytes from its start. */
  public long offset() {
    return offset;
  }
}
