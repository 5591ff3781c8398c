package io.vnsnap.net.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The event loop of a data plane, and the connections to VMs and other hosts that live on it.
 * Everything that depends on time, chance or the kind of connection comes from here, so that the
 * same data plane runs over TCP and in a simulation.
 */
public interface Transport extends AutoCloseable {

  /** The one event loop; always the same. */
  EventLoop loop();

  /** Time of the loop in nanoseconds from an arbitrary start, never running back. */
  long nanos();

  /** Of all buffers of the data plane; always the same. */
  ByteBufAllocator allocator();

  /** Bytes of its buffers that are in use. */
  long bufferBytes();

  /** A number that names a session: no other one in the cluster has the same. */
  long newSession();

  /**
   * A new bootstrap for connections to other hosts, with the loop, the kind of channel and the
   * options that only this kind has.
   *
   * @param userTimeout how long the other side may leave data unacknowledged
   */
  Bootstrap connections(Duration userTimeout);

  /** A new bootstrap for listeners, with the loop, the kind of channel and its options. */
  ServerBootstrap listeners();

  /** A new bootstrap for connections to the network cards of VMs on this host. */
  Bootstrap cards();

  /** The address of a network card's socket. */
  SocketAddress card(Path socket);

  /** What is on its way to and from a network card. */
  SocketQueues queues(Channel card);

  /** The address of another host's listener; looked up when connecting, if need be. */
  SocketAddress remote(String host, int port);

  /**
   * The address to listen on.
   *
   * @param port 0 for any free one
   * @throws IOException if the host cannot be looked up
   */
  SocketAddress local(String host, int port) throws IOException;

  /** The port of an address that is listened on. */
  int port(SocketAddress listening);

  /** Waits until something has happened on the loop. Not called by the loop itself. */
  void await(Future<?> future);

  /** Ends the event loop. Not called by the loop itself. */
  @Override
  void close();
}
