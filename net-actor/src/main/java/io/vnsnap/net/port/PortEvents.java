package io.vnsnap.net.port;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.frame.BadInput;

/** What a port reports, on the event loop. */
public interface PortEvents {

  /**
   * The VM sent frames of permitted length.
   *
   * @param train of them; borrowed: keep it only by retaining or copying it
   * @param frames in the train
   */
  void received(ByteBuf train, int frames);

  /** The VM sent something that is no frame; it is gone. */
  void malformed(BadInput cause);

  /** The port may take frames again. */
  void writable();

  /**
   * The VM is gone. Last event of a port.
   *
   * @param reason for a person
   */
  void closed(String reason);
}
