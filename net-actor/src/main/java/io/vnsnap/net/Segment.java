package io.vnsnap.net;

import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.gate.Egress;
import io.vnsnap.net.gate.Gate;
import io.vnsnap.net.gate.InChannel;
import io.vnsnap.net.link.LocalHop;
import io.vnsnap.net.link.NextHop;
import io.vnsnap.net.link.OutChannel;
import io.vnsnap.net.link.Shaper;
import io.vnsnap.net.link.Shaping;
import io.vnsnap.net.link.SwitchPort;
import io.vnsnap.net.trunk.ChannelAddress;
import io.vnsnap.net.trunk.TrunkHop;
import io.vnsnap.net.trunk.TrunkTarget;
import io.vnsnap.proto.Endpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * This host's share of one deployment of a VNE's network: the gates of its VNICs, the links as seen
 * by those that send here, and the channels to and from other hosts. Public methods may be called
 * by any thread.
 */
public final class Segment {
  private final SegmentSpec spec;
  private final DataPlane plane;
  private final Map<Integer, Gate> gates = new TreeMap<>();
  private final LongObjectMap<NextHop> inbound = new LongObjectHashMap<>();
  private final List<TrunkHop> trunkHops = new ArrayList<>();
  private boolean stopped;

  Segment(SegmentSpec spec, DataPlane plane) {
    this.spec = spec;
    this.plane = plane;
    for (Vnic vnic : spec.vnics()) {
      if (isLocal(vnic)) {
        gates.put(
            vnic.number(),
            new Gate(
                vnic.number(),
                spec.vnics().size(),
                plane.settings().gate(),
                plane.recordBudget(),
                plane.time(),
                plane.allocator()));
      }
    }
  }

  /** The VNICs that are on this host, in order of their numbers. */
  public List<Vnic> localVnics() {
    return spec.vnics().stream().filter(this::isLocal).toList();
  }

  /**
   * Ends it: frees all buffers, closes the sockets to the VMs, and the trunks that nobody else
   * needs.
   *
   * @return completed when that is done; also if it was done before
   */
  public CompletionStage<Void> close() {
    try {
      return CompletableFuture.runAsync(this::stop, plane.loop());
    } catch (RejectedExecutionException e) {
      return CompletableFuture.completedFuture(null); // the data plane was closed, and this with it
    }
  }

  /** How users know a VNIC: "vne: vm/vnic". */
  String name(int number) {
    return spec.vne() + ": " + spec.vnics().get(number);
  }

  /** The orders to the gate of a VNIC. */
  VnicOrders orders(int number) {
    Gate gate = gates.get(number);
    if (gate == null) {
      throw new IllegalArgumentException("VNIC %d is not on this host".formatted(number));
    }
    return new VnicOrders(gate, plane);
  }

  /** Makes the links. On the event loop, before anything else happens with this segment. */
  void start() {
    Map<Integer, SwitchPort> ports = new TreeMap<>();
    gates.forEach((number, gate) -> {
      SwitchPort port = new SwitchPort(Framing.parseMac(spec.vnics().get(number).mac()));
      ports.put(number, port);
      gate.connectTo(shaped(number, port));
    });
    for (Vnic from : spec.vnics()) {
      for (Vnic to : spec.vnics()) {
        if (from.number() != to.number() && from.link().equals(to.link())) {
          join(from, to, ports.get(from.number()));
        }
      }
    }
    plane.listener().add(spec.networkId(), this::inbound);
  }

  private Egress shaped(int number, SwitchPort port) {
    Shaping shaping = spec.vnics().get(number).shaping();
    return shaping.isNone()
        ? port
        : new Shaper(
            name(number), shaping, plane.settings().link(), plane.time(), plane.allocator(), port);
  }

  /** Ends it. On the event loop. */
  void stop() {
    if (stopped) {
      return;
    }
    stopped = true;
    plane.listener().remove(spec.networkId());
    gates.values().forEach(Gate::close);
    trunkHops.forEach(TrunkHop::release);
    plane.forget(this);
  }

  /** Makes the ends of the channel that are on this host. */
  private void join(Vnic from, Vnic to, @Nullable SwitchPort sender) {
    ChannelId id = new ChannelId(from.number(), to.number());
    long inFlight = spec.inFlight().getOrDefault(id, 0L);
    NextHop hop = null;
    Gate gate = gates.get(to.number());
    if (gate != null) {
      InChannel channel = gate.addChannel(from.number(), inFlight);
      hop = new LocalHop(gate, channel);
      inbound.put(key(from.number(), to.number()), hop);
    }
    if (sender != null) {
      NextHop next = hop != null ? hop : trunkHop(id, to.host());
      sender.add(Framing.parseMac(to.mac()), new OutChannel(next, inFlight));
    }
  }

  private NextHop trunkHop(ChannelId id, String host) {
    Endpoint end = Objects.requireNonNull(spec.trunks().get(host), host);
    TrunkTarget target = new TrunkTarget(spec.localHost(), host, end.getAddress(), end.getPort());
    TrunkHop hop =
        plane.trunks().hop(target, new ChannelAddress(spec.networkId(), id.from(), id.to()));
    trunkHops.add(hop);
    return hop;
  }

  private @Nullable NextHop inbound(String peer, int from, int to) {
    if (from < 0 || from >= spec.vnics().size() || !spec.vnics().get(from).host().equals(peer)) {
      return null;
    }
    return inbound.get(key(from, to));
  }

  private static long key(int from, int to) {
    return ((long) from << Integer.SIZE) | Integer.toUnsignedLong(to);
  }

  private boolean isLocal(Vnic vnic) {
    return vnic.host().equals(spec.localHost());
  }
}
