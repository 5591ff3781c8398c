package io.vnsnap.vm.sim;

import io.netty.channel.ChannelFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalServerChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Path;

/** What kind of sockets a VM's consoles and VNICs listen on. */
public interface GuestSockets {

  /** Makes what the sockets of one VM are bound in, empty. Blocks. */
  void makeFolder(Path folder) throws IOException;

  /** Removes it with everything in it; not an error if it is gone. Blocks. */
  void removeFolder(Path folder) throws IOException;

  /** Makes channels that are not bound yet. */
  ChannelFactory<? extends ServerChannel> channels();

  /** The address that stands for a path. */
  SocketAddress address(Path socket);

  /** UNIX domain sockets, as QEMU has them; on event loops with epoll. */
  static GuestSockets domain() {
    return new GuestSockets() {
      @Override
      public void makeFolder(Path folder) throws IOException {
        SocketFolder.make(folder);
      }

      @Override
      public void removeFolder(Path folder) throws IOException {
        SocketFolder.remove(folder);
      }

      @Override
      public ChannelFactory<? extends ServerChannel> channels() {
        return EpollServerDomainSocketChannel::new;
      }

      @Override
      public SocketAddress address(Path socket) {
        return new DomainSocketAddress(socket.toFile());
      }
    };
  }

  /** Channels within this JVM, each named by its path; on event loops with a local handler. */
  static GuestSockets local() {
    return new GuestSockets() {
      @Override
      public void makeFolder(Path folder) {
        // Names need no folder.
      }

      @Override
      public void removeFolder(Path folder) {
        // As above.
      }

      @Override
      public ChannelFactory<? extends ServerChannel> channels() {
        return LocalServerChannel::new;
      }

      @Override
      public SocketAddress address(Path socket) {
        return new LocalAddress(socket.toString());
      }
    };
  }
}
