package io.vnsnap.vm.qemu;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import io.netty.channel.unix.Socket;
import java.io.IOException;

/**
 * The system calls on UNIX sockets that Java lacks: a connected pair, and handing a descriptor to
 * another process. For 64-bit Linux.
 */
final class LocalSockets {
  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int EAGAIN = 11;
  private static final int EPERM = 1;
  private static final int SO_SNDBUFFORCE = 32;

  // struct msghdr: name, its length, vector, its length, control, its length, flags; 8 bytes each.
  private static final int HEADER_BYTES = 56;
  private static final int HEADER_VECTOR = 16;
  private static final int HEADER_VECTORS = 24;
  private static final int HEADER_CONTROL = 32;
  private static final int HEADER_CONTROL_BYTES = 40;
  // struct cmsghdr: length (8), level (4), type (4), then the descriptor, padded to 8.
  private static final int CONTROL_BYTES = 24;
  private static final int CONTROL_USED = 20;

  static {
    Native.register(LocalSockets.class, Platform.C_LIBRARY_NAME);
  }

  private LocalSockets() {}

  private static native int socketpair(int domain, int type, int protocol, int[] pair)
      throws LastErrorException;

  private static native int setsockopt(
      int socket, int level, int option, IntByReference value, int length)
      throws LastErrorException;

  private static native long sendmsg(int socket, Pointer header, int flags)
      throws LastErrorException;

  private static native long send(int socket, Pointer bytes, long length, int flags)
      throws LastErrorException;

  /** Two connected stream sockets that block; the caller closes both. */
  static Pair pair() throws IOException {
    int[] pair = new int[2];
    try {
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
    } catch (LastErrorException e) {
      throw new IOException("no socket for QEMU: " + e.getMessage(), e);
    }
    return new Pair(new Socket(pair[0]), new Socket(pair[1]));
  }

  /** Both ends of a connection. */
  record Pair(Socket ours, Socket theirs) {
    void close() throws IOException {
      try {
        ours.close();
      } finally {
        theirs.close();
      }
    }
  }

  /**
   * Lets the socket keep so many bytes until they are read, or as many as this user may.
   *
   * @throws IOException if it cannot be set at all
   */
  static void setSendBuffer(Socket socket, int bytes) throws IOException {
    try {
      setsockopt(
          socket.intValue(), SOL_SOCKET, SO_SNDBUFFORCE, new IntByReference(bytes), Integer.BYTES);
    } catch (LastErrorException e) {
      if (e.getErrorCode() != EPERM) {
        throw new IOException("the socket for QEMU broke: " + e.getMessage(), e);
      }
      socket.setSendBufferSize(bytes);
    }
  }

  /**
   * Writes zeros until the socket takes no more, so that the next write by anybody blocks.
   *
   * @return bytes written
   */
  static long fill(Socket socket) throws IOException {
    long written = 0;
    try (Memory zeros = new Memory(4096)) {
      zeros.clear();
      while (true) {
        written += send(socket.intValue(), zeros, zeros.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      }
    } catch (LastErrorException e) {
      if (e.getErrorCode() == EAGAIN) {
        return written;
      }
      throw new IOException("the socket for QEMU broke: " + e.getMessage(), e);
    }
  }

  /** Sends bytes, all or none, and with them a descriptor; never blocks. */
  static void sendWithDescriptor(int socket, byte[] bytes, int descriptor) throws IOException {
    try (Memory payload = new Memory(bytes.length);
        Memory vector = new Memory(16);
        Memory control = new Memory(CONTROL_BYTES);
        Memory header = new Memory(HEADER_BYTES)) {
      payload.write(0, bytes, 0, bytes.length);
      vector.setPointer(0, payload);
      vector.setLong(8, bytes.length);
      control.clear();
      control.setLong(0, CONTROL_USED);
      control.setInt(8, SOL_SOCKET);
      control.setInt(12, SCM_RIGHTS);
      control.setInt(16, descriptor);
      header.clear();
      header.setPointer(HEADER_VECTOR, vector);
      header.setLong(HEADER_VECTORS, 1);
      header.setPointer(HEADER_CONTROL, control);
      header.setLong(HEADER_CONTROL_BYTES, CONTROL_BYTES);
      long sent = sendmsg(socket, header, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent != bytes.length) {
        throw new IOException("QEMU does not read its control socket");
      }
    } catch (LastErrorException e) {
      throw new IOException("QEMU does not take a descriptor: " + e.getMessage(), e);
    }
  }
}
