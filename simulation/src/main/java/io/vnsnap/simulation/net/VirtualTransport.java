package io.vnsnap.simulation.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.vnsnap.net.transport.SocketQueues;
import io.vnsnap.net.transport.Transport;
import io.vnsnap.simulation.kernel.Kernel;
import io.vnsnap.simulation.kernel.VirtualLoop;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;

/** The transport of a simulated host's data plane. */
public final class VirtualTransport implements Transport {
  private static final long PATIENCE = 10_000_000_000L;
  private static final int FIRST_PORT = 2000;

  private final Kernel kernel;
  private final Wires wires;
  private final VirtualLoop loop;
  private final String machine;
  private final CountedAllocator allocator = new CountedAllocator();
  private final SplittableRandom random;

  /**
   * The transport of one process.
   *
   * @param machine its name is one letter
   */
  public VirtualTransport(Kernel kernel, Wires wires, VirtualLoop loop, String machine) {
    this.kernel = kernel;
    this.wires = wires;
    this.loop = loop;
    this.machine = machine;
    this.random = kernel.newRandom();
  }

  @Override
  public EventLoop loop() {
    return loop;
  }

  @Override
  public long nanos() {
    return kernel.nanos();
  }

  @Override
  public ByteBufAllocator allocator() {
    return allocator;
  }

  @Override
  public long bufferBytes() {
    return allocator.bytesInUse();
  }

  /** Bytes of buffers that were in use at the worst moment. */
  public long mostBufferBytes() {
    return allocator.mostBytes();
  }

  @Override
  public long newSession() {
    return random.nextLong();
  }

  @Override
  public Bootstrap connections(Duration userTimeout) {
    return cards();
  }

  @Override
  public ServerBootstrap listeners() {
    return new ServerBootstrap()
        .group(loop)
        .channelFactory(() -> new VirtualListener(wires, machine));
  }

  @Override
  public Bootstrap cards() {
    return new Bootstrap()
        .group(loop)
        .disableResolver()
        .channelFactory(() -> new VirtualSocket(wires, machine));
  }

  @Override
  public SocketAddress card(Path socket) {
    return new PathAddress(machine, socket);
  }

  @Override
  public SocketQueues queues(Channel card) {
    VirtualSocket socket = (VirtualSocket) card;
    return new SocketQueues() {
      @Override
      public int outgoing() {
        Pipe out = socket.outgoing();
        return out == null ? 0 : out.bytes();
      }

      @Override
      public int incoming() {
        Pipe in = socket.incoming();
        return in == null ? 0 : in.bytes();
      }
    };
  }

  @Override
  public SocketAddress remote(String host, int port) {
    return Machines.address(host, port);
  }

  @Override
  public SocketAddress local(String host, int port) {
    return Machines.address(host, port == 0 ? random.nextInt(FIRST_PORT, 1 << 16) : port);
  }

  @Override
  public int port(SocketAddress listening) {
    return ((InetSocketAddress) listening).getPort();
  }

  @Override
  public void await(Future<?> future) {
    if (!kernel.runUntil(future::isDone, kernel.nanos() + PATIENCE)) {
      throw new IllegalStateException("nothing happened on the loop of machine " + machine);
    }
  }

  @Override
  public void close() {
    // The loop ends with its process.
  }
}
