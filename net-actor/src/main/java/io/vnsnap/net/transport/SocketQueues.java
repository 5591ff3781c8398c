package io.vnsnap.net.transport;

/** How much of a socket's data is still on its way. Used by one thread. */
public interface SocketQueues {

  /**
   * Memory in bytes taken by what was written here and not yet read by the peer; on a UNIX socket
   * this counts the kernel's overhead, so only 0 says something exact.
   */
  int outgoing();

  /** Bytes that can be read here now. */
  int incoming();
}
