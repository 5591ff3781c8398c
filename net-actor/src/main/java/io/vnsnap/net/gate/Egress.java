package io.vnsnap.net.gate;

import io.netty.buffer.ByteBuf;

/** The way out of a gate: the link's switch, as seen by the VNIC that sends. */
public interface Egress {

  /**
   * Switches a frame from the VM.
   *
   * @param epoch of the gate when the frame was emitted
   * @param framed borrowed
   */
  void frame(int epoch, ByteBuf framed);

  /** Sends a marker down every channel that begins here: all that was sent before is white. */
  void mark(int epoch);

  /** Frames sent on all channels that begin here, each flooded copy counted. */
  long sent();
}
