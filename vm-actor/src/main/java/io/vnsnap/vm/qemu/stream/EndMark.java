package io.vnsnap.vm.qemu.stream;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;

/**
 * Finds the end of the devices in the rest of a stream: a byte 0, a byte 6, the length of the
 * description that follows, and that itself, JSON that ends where the stream ends. Devices have no
 * length of their own, so this is the one thing that shows whether the rest is whole.
 */
final class EndMark {
  /** Bytes of the mark before the description. */
  static final int BYTES = 1 + 1 + Integer.BYTES;

  private static final long MARK = ((long) Layout.END_OF_FILE << 8 | Layout.DESCRIPTION) << 32;
  private static final long MARK_BITS = 0xffffL << 32;

  private long last = -1;
  private long bytes;
  private long endsAt = -1;

  /** Looks at the next bytes of the rest; the buffer stays as it is. */
  void look(ByteBuffer rest) {
    for (int i = rest.position(); i < rest.limit(); i++) {
      byte next = rest.get(i);
      if (next == '{' && (last & MARK_BITS) == MARK && bytes >= BYTES) {
        // Text holds no zeros, so within the description nothing looks like a mark.
        endsAt = bytes + (last & 0xffffffffL);
      }
      last = last << 8 | (next & 0xff);
      bytes++;
    }
  }

  /** Bytes of the rest so far. */
  long bytes() {
    return bytes;
  }

  /** Whether the rest may end here. */
  boolean reached() {
    return endsAt == bytes;
  }

  /** Length of the devices in a whole rest; -1 if it is not whole. */
  static int devicesIn(ByteString rest) {
    for (int at = rest.size() - BYTES - 1; at >= 0; at--) {
      if (rest.byteAt(at) == Layout.END_OF_FILE) {
        byte[] mark = rest.substring(at, at + BYTES).toByteArray();
        int length = ByteBuffer.wrap(mark).getInt(BYTES - Integer.BYTES);
        if (mark[1] == Layout.DESCRIPTION && length == rest.size() - at - BYTES) {
          return at;
        }
      }
    }
    return -1;
  }
}
