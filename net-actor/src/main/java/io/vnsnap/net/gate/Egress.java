package io.vnsnap.net.gate;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.frame.Drops;
import org.jspecify.annotations.Nullable;

/** The way out of a gate: the link, as seen by the VNIC that sends. */
public interface Egress {

  /**
   * What is wrong with a frame or train from the VM; null if it may be sent.
   *
   * @param sourceAndType of it, as {@link io.vnsnap.net.frame.Framing#sourceAndType} has it
   */
  @Nullable BadInput fault(long sourceAndType);

  /**
   * Sends a train from the VM.
   *
   * @param epoch of the gate when it was emitted
   * @param train borrowed
   * @param frames in the train
   */
  void send(int epoch, ByteBuf train, int frames);

  /** Sends a marker down every channel that begins here: all that was sent before is white. */
  void mark(int epoch);

  /** Frames sent on all channels that begin here, each flooded copy counted. */
  long sent();

  /** Frames that the link keeps back for now; they are not counted as sent yet. */
  long keptBack();

  /** Frames that the link, or a full trunk behind it, has lost; each flooded copy counted. */
  Drops lost();

  /** Frees what is kept back. Nothing is sent any more. */
  void close();
}
