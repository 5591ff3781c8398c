package io.vnsnap.simulation.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import io.vnsnap.host.console.ConsoleSockets;
import io.vnsnap.vm.sim.GuestSockets;
import java.net.SocketAddress;
import java.nio.file.Path;

/** Sockets of the VMs of one machine: their own ends, and how the host reaches their consoles. */
public final class VirtualGuestSockets implements GuestSockets, ConsoleSockets {
  private final Wires wires;
  private final String machine;
  private final EventLoop consoleLoop;

  /**
   * The sockets of a machine's VMs.
   *
   * @param consoleLoop of the host's ends of consoles
   */
  public VirtualGuestSockets(Wires wires, String machine, EventLoop consoleLoop) {
    this.wires = wires;
    this.machine = machine;
    this.consoleLoop = consoleLoop;
  }

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
    return () -> new VirtualListener(wires, machine);
  }

  @Override
  public SocketAddress address(Path socket) {
    return new PathAddress(machine, socket);
  }

  @Override
  public Bootstrap connection() {
    return new Bootstrap()
        .group(consoleLoop)
        .disableResolver()
        .channelFactory(() -> new VirtualSocket(wires, machine));
  }
}
