package io.vnsnap.simulation.net;

import io.netty.channel.AbstractServerChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.vnsnap.simulation.kernel.SimulatedProcess;
import io.vnsnap.simulation.kernel.VirtualLoop;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Listens at an address. Whoever connects counts as connected before it is accepted. */
public final class VirtualListener extends AbstractServerChannel {
  private final Wires wires;
  private final String machine;
  private final ChannelConfig config = new DefaultChannelConfig(this);
  private final ArrayDeque<VirtualSocket> backlog = new ArrayDeque<>();
  private @Nullable SocketAddress address;
  private boolean closed;
  private boolean readPending;

  VirtualListener(Wires wires, String machine) {
    this.wires = wires;
    this.machine = machine;
  }

  String machine() {
    return machine;
  }

  SimulatedProcess process() {
    return ((VirtualLoop) eventLoop()).process();
  }

  void add(VirtualSocket accepted) {
    backlog.add(accepted);
    eventLoop().execute(this::acceptNow);
  }

  private void acceptNow() {
    if (!readPending || closed) {
      return;
    }
    VirtualSocket next = backlog.poll();
    if (next == null) {
      return;
    }
    readPending = false;
    pipeline().fireChannelRead(next);
    pipeline().fireChannelReadComplete();
  }

  @Override
  protected void doBeginRead() {
    readPending = true;
    if (!backlog.isEmpty()) {
      eventLoop().execute(this::acceptNow);
    }
  }

  @Override
  protected void doBind(SocketAddress at) throws Exception {
    wires.listen(at, this);
    address = at;
  }

  @Override
  protected void doClose() {
    if (closed) {
      return;
    }
    closed = true;
    if (address != null) {
      wires.unlisten(address, this);
    }
    for (VirtualSocket waiting : backlog) {
      Pipe out = waiting.outgoing();
      if (out != null) {
        out.finish();
      }
      wires.closed(waiting);
    }
    backlog.clear();
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return loop instanceof VirtualLoop;
  }

  @Override
  protected @Nullable SocketAddress localAddress0() {
    return address;
  }

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public boolean isOpen() {
    return !closed;
  }

  @Override
  public boolean isActive() {
    return !closed && address != null;
  }
}
