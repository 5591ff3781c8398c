package io.vnsnap.vm.sim.guest;

import io.vnsnap.vm.sim.guest.Events.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Numbered frames between this guest and its peers, each accounted for at the receiver.
 *
 * <p>Design note: sessions, as in the guest kit. Nothing numbered goes to a peer before it has
 * answered a hello; the hello carries the session, so the peer's window is open from number 0 on
 * and a loss at the very start is counted too. A hello is a broadcast to an address; the answer
 * tells MAC and VNIC, which makes ARP unnecessary. A guest that has booted anew has a new session;
 * its peers count the old one as broken.
 */
final class Mesh {
  private static final long HELLO_INTERVAL = 200_000_000;

  private final Hardware hardware;
  private final Events events;
  private final Randomness randomness;
  private final List<Long> macs;
  private final List<Integer> addresses;
  private final List<Peer> peers = new ArrayList<>();
  private final Map<Integer, Integer> byAddress = new HashMap<>();
  private final Frame out = new Frame();

  /** Takes what has come from a peer, once each. */
  interface Receiver {
    /**
     * A frame has come.
     *
     * @param late it fills a gap
     */
    void received(int peer, Message message, boolean late, Frame frame);
  }

  Mesh(
      CommandLine line,
      List<Long> macs,
      Hardware hardware,
      Events events,
      Randomness randomness,
      Arena arena) {
    this.hardware = hardware;
    this.events = events;
    this.randomness = randomness;
    this.macs = List.copyOf(macs);
    this.addresses = line.addresses();
    for (int address : line.peers()) {
      byAddress.put(address, peers.size());
      peers.add(new Peer(address, arena));
    }
  }

  void boot() {
    peers.forEach(peer -> peer.open(randomness.next()));
  }

  int size() {
    return peers.size();
  }

  Peer peer(int index) {
    return peers.get(index);
  }

  int reachable() {
    int count = 0;
    for (Peer peer : peers) {
      count += peer.isReachable() ? 1 : 0;
    }
    return count;
  }

  /** Says hello to those who have not answered. */
  void turn(long now) {
    for (Peer peer : peers) {
      if (!peer.isReachable() && peer.helloDue(now)) {
        peer.helloAgainAt(now + HELLO_INTERVAL);
        for (int vnic = 0; vnic < Math.min(macs.size(), addresses.size()); vnic++) {
          control(vnic, Frame.broadcast(), peer.address(), Message.HELLO, peer.session());
        }
      }
    }
  }

  private void control(int vnic, long mac, int address, Message message, long session) {
    out.address(addresses.get(vnic), address, session, 0);
    out.seal(mac, macs.get(vnic), message, 0);
    // If it is not sent, the hello is repeated.
    var unused = hardware.send(vnic, out.bytes(), out.length());
  }

  /** Where the body of the next frame is to be written. */
  Frame out() {
    return out;
  }

  /**
   * Sends what was written to {@link #out} as the next number.
   *
   * @return false if the peer cannot be reached or the VNIC takes nothing now; the number stays the
   *     next one
   */
  boolean send(int index, Message message, int bodyLength) {
    Peer peer = peers.get(index);
    if (!peer.isReachable()) {
      return false;
    }
    int vnic = peer.vnic();
    out.address(addresses.get(vnic), peer.address(), peer.session(), peer.next());
    out.seal(peer.mac(), macs.get(vnic), message, bodyLength);
    if (!hardware.send(vnic, out.bytes(), out.length())) {
      return false;
    }
    peer.sent();
    return true;
  }

  /** Handles a frame that a VNIC took. */
  void handle(Frame frame, Receiver receiver) {
    int vnic = frame.vnic();
    if (vnic >= addresses.size() || !frame.isFor(macs.get(vnic))) {
      return;
    }
    if (!frame.isIntact()) {
      events.add(Kind.CORRUPT, 1, "unknown", 0, 1);
      return;
    }
    Integer index = byAddress.get(frame.from());
    Message message = frame.message();
    if (frame.to() != addresses.get(vnic) || index == null || message == null) {
      return;
    }
    Peer peer = peers.get(index);
    switch (message) {
      case HELLO -> {
        if (peer.incomingSession() != frame.session()) {
          openIncoming(peer, frame.session());
        }
        control(vnic, frame.source(), frame.from(), Message.HELLO_ACK, frame.session());
      }
      case HELLO_ACK -> {
        if (frame.session() == peer.session()) {
          peer.reachedBy(vnic, frame.source());
        }
      }
      case DATAGRAM, STREAM, STREAM_ACK, TRANSFER, TOKEN ->
          account(index, peer, message, frame, receiver);
    }
  }

  private void openIncoming(Peer peer, long session) {
    if (peer.incomingSession() != 0) {
      events.add(Kind.BROKEN, 1, peer.name(), peer.incomingSession(), session);
    }
    peer.openIncoming(session);
  }

  private void account(int index, Peer peer, Message message, Frame frame, Receiver receiver) {
    if (frame.session() != peer.incomingSession()) {
      events.add(Kind.DUPLICATED, 1, peer.name(), peer.incomingSession(), frame.session());
      return;
    }
    Peer.Fit fit = peer.account(frame.number(), events);
    if (fit != Peer.Fit.DOUBLED) {
      receiver.received(index, message, fit == Peer.Fit.LATE, frame);
    }
  }
}
