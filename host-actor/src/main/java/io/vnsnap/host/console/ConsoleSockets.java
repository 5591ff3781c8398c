package io.vnsnap.host.console;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;

/** The kind of sockets that serial consoles listen on. */
public interface ConsoleSockets {

  /** A new bootstrap for a connection, with its event loop and kind of channel. */
  Bootstrap connection();

  /** The address of a console's socket. */
  SocketAddress address(Path socket);

  /** UNIX domain sockets, as QEMU has them. */
  static ConsoleSockets domain(EventLoop loop) {
    return new ConsoleSockets() {
      @Override
      public Bootstrap connection() {
        return new Bootstrap().group(loop).channel(EpollDomainSocketChannel.class);
      }

      @Override
      public SocketAddress address(Path socket) {
        return new DomainSocketAddress(socket.toFile());
      }
    };
  }
}
