package io.vnsnap.net.port;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.frame.BadInput;

/** What a port reports, on the event loop. */
public interface PortEvents {

  /**
   * The VM sent a frame of permitted length.
   *
   * @param framed borrowed: keep it only by retaining or copying it
   */
  void received(ByteBuf framed);

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
