package io.vnsnap.vm.sim.guest;

import org.jspecify.annotations.Nullable;

/** What a frame between guests is for. */
enum Message {
  /** Asks a guest, by broadcast, whether it is there; opens a session. */
  HELLO(1),
  /** Answers a hello. */
  HELLO_ACK(2),
  /** Content that is verified and forgotten. */
  DATAGRAM(3),
  /** A piece of a stream: position, then bytes. */
  STREAM(4),
  /** How far a stream has been received. */
  STREAM_ACK(5),
  /** Money: amount, and all that the sender has sent to this peer. */
  TRANSFER(6),
  /** The token of a ring: its serial number. */
  TOKEN(7);

  private static final Message[] ALL = values();

  private final int code;

  Message(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }

  static @Nullable Message of(long code) {
    return code >= 1 && code <= ALL.length ? ALL[(int) code - 1] : null;
  }
}
