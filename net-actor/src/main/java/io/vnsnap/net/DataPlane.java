package io.vnsnap.net;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.vnsnap.net.frame.Flusher;
import io.vnsnap.net.gate.RecordBudget;
import io.vnsnap.net.port.PortConnector;
import io.vnsnap.net.tls.ClusterTls;
import io.vnsnap.net.transport.TcpTransport;
import io.vnsnap.net.transport.Transport;
import io.vnsnap.net.trunk.TrunkCounters;
import io.vnsnap.net.trunk.TrunkListener;
import io.vnsnap.net.trunk.Trunks;
import io.vnsnap.proto.Endpoint;
import java.io.IOException;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;

/**
 * The virtual network of a host: one event loop on which all ports, gates, links and trunks of all
 * VNEs live, so that frames and markers keep their order without locks. Methods may be called by
 * any thread.
 */
public final class DataPlane implements AutoCloseable {
  private final NetSettings settings;
  private final Transport transport;
  private final EventLoop loop;
  private final ByteBufAllocator allocator;
  private final Flusher flusher;
  private final PortConnector connector;
  private final TrunkListener listener;
  private final Trunks trunks;
  private final RecordBudget recordBudget;
  private final Set<Segment> segments = ConcurrentHashMap.newKeySet();
  private final Endpoint endpoint;

  private DataPlane(NetSettings settings, Transport transport) throws IOException {
    this.settings = settings;
    this.transport = transport;
    this.loop = transport.loop();
    this.allocator = transport.allocator();
    this.recordBudget = new RecordBudget(settings.hostRecordBytes());
    this.flusher = new Flusher(transport::nanos);
    this.connector = new PortConnector(transport, allocator, settings.port(), flusher);
    ClusterTls tls = settings.tls() == null ? null : ClusterTls.load(settings.tls(), Instant.now());
    this.trunks = new Trunks(transport, allocator, settings.trunk().sending(), tls, flusher);
    this.listener =
        new TrunkListener(settings.trunk(), transport, tls, flusher, this::waitingBytes);
    this.endpoint =
        Endpoint.newBuilder()
            .setAddress(settings.trunk().place().address())
            .setPort(listener.bind(allocator))
            .build();
  }

  /**
   * Starts an event loop and listens for trunks on TCP. Blocks for the moment that takes: not to be
   * called by an actor's message handler.
   *
   * @throws IOException with address and reason in its message, if that cannot be listened on; or
   *     with the file and what is wrong with it, if TLS cannot be set up
   */
  public static DataPlane open(NetSettings settings) throws IOException {
    return open(settings, new TcpTransport());
  }

  /**
   * The same on another transport.
   *
   * @param transport closed with the data plane, also if this fails
   * @throws IOException with address and reason in its message, if that cannot be listened on
   */
  public static DataPlane open(NetSettings settings, Transport transport) throws IOException {
    boolean opened = false;
    try {
      DataPlane plane = new DataPlane(settings, transport);
      opened = true;
      return plane;
    } finally {
      if (!opened) {
        transport.close();
      }
    }
  }

  /** Where other hosts' trunks connect to. */
  public Endpoint endpoint() {
    return endpoint;
  }

  /**
   * Makes this host's share of a VNE's network: a shut gate for each VNIC that is here. Trunks to
   * the other hosts are connected meanwhile.
   *
   * @throws IllegalStateException if this data plane is closed
   */
  public Segment createSegment(SegmentSpec spec) {
    Segment segment = new Segment(spec, this);
    segments.add(segment);
    try {
      loop.execute(segment::start);
    } catch (RejectedExecutionException e) {
      segments.remove(segment);
      throw new IllegalStateException("the data plane is closed", e);
    }
    return segment;
  }

  /** What arrived on trunks and could not be placed, so far. */
  public CompletionStage<TrunkCounters> trunkCounters() {
    return CompletableFuture.supplyAsync(listener::counters, loop);
  }

  /** Bytes of buffers that are in use, in frames that wait or are being moved. */
  public long bufferBytes() {
    return transport.bufferBytes();
  }

  /** Heap of the frames that cuts have recorded and that are not stored yet, in bytes. */
  public long recordedBytes() {
    return recordBudget.bytes() - recordBudget.left();
  }

  /** Memory of the frames that wait for VMs of this host; those for other hosts are not counted. */
  private long waitingBytes() {
    return transport.bufferBytes() - trunks.bytes();
  }

  /** Closes all segments, trunks and the listener, and ends the event loop. Blocks until done. */
  @Override
  public void close() {
    if (loop.isShuttingDown()) {
      return;
    }
    transport.await(
        loop.submit(() -> {
          segments.forEach(Segment::stop);
          trunks.close();
          listener.close();
        }));
    transport.close();
  }

  NetSettings settings() {
    return settings;
  }

  EventLoop loop() {
    return loop;
  }

  /** The time of the event loop, for a gate. */
  LoopTime time() {
    return new LoopTime(transport, flusher);
  }

  RecordBudget recordBudget() {
    return recordBudget;
  }

  ByteBufAllocator allocator() {
    return allocator;
  }

  Flusher flusher() {
    return flusher;
  }

  PortConnector connector() {
    return connector;
  }

  TrunkListener listener() {
    return listener;
  }

  Trunks trunks() {
    return trunks;
  }

  void forget(Segment segment) {
    segments.remove(segment);
  }
}
