package io.vnsnap.net.transport;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;

/**
 * Asks the kernel how much of a socket's data is still on its way: ioctl {@code SIOCOUTQ} and
 * {@code FIONREAD} (Linux, unix(7) and tcp(7)). Used by one thread; allocates nothing per question.
 */
final class KernelQueues implements SocketQueues {
  private static final long SIOCOUTQ = 0x5411;
  private static final long FIONREAD = 0x541B;

  static {
    Native.register(KernelQueues.class, "c");
  }

  private final int fd;
  private final Memory answer = new Memory(Integer.BYTES);

  /**
   * @param fd an open socket; must not be asked about after it was closed
   */
  KernelQueues(int fd) {
    this.fd = fd;
  }

  /**
   * {@inheritDoc}
   *
   * @throws LastErrorException if the descriptor is not an open socket
   */
  @Override
  public int outgoing() {
    ioctl(fd, SIOCOUTQ, answer);
    return answer.getInt(0);
  }

  /**
   * {@inheritDoc}
   *
   * @throws LastErrorException if the descriptor is not an open socket
   */
  @Override
  public int incoming() {
    ioctl(fd, FIONREAD, answer);
    return answer.getInt(0);
  }

  private static native int ioctl(int fd, long request, Pointer value) throws LastErrorException;
}
