package io.vnsnap.vm.sim.guest;

import io.vnsnap.vm.sim.guest.Events.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * A token that goes from guest to guest in the order of their addresses, one hop a turn, in one
 * frame sent once: there is exactly one, held or in flight. Its serial number grows by one each
 * hop, so each guest sees it grow by the number of guests each round.
 */
final class Ring implements Application {
  private final Mesh mesh;
  private final Events events;
  private final int own;
  private final List<Integer> order;
  private final Word held;
  private final Word serial;
  private final Word hopsOut;
  private final Word hopsIn;

  Ring(CommandLine line, Mesh mesh, Events events, Arena arena) {
    this.mesh = mesh;
    this.events = events;
    this.own = line.addresses().isEmpty() ? 0 : line.addresses().get(0);
    List<Integer> all = new ArrayList<>(line.peers());
    all.add(own);
    all.sort(Integer::compareUnsigned);
    this.order = List.copyOf(all);
    this.held = arena.word();
    this.serial = arena.word();
    this.hopsOut = arena.word();
    this.hopsIn = arena.word();
  }

  @Override
  public void boot() {
    if (order.get(0) == own) {
      held.set(1);
      serial.set(1);
    }
  }

  @Override
  public void turn(long now, long elapsed, boolean sending) {
    if (!sending || !held.isSet() || order.size() < 2) {
      return;
    }
    mesh.out().setWord(0, serial.get() + 1);
    if (mesh.send(neighbour(1), Message.TOKEN, Long.BYTES)) {
      held.set(0);
      hopsOut.add(1);
    }
  }

  /** Index among the peers of who is so many places further on. */
  private int neighbour(int distance) {
    int place = (order.indexOf(own) + distance + order.size()) % order.size();
    for (int i = 0; i < mesh.size(); i++) {
      if (mesh.peer(i).address() == order.get(place)) {
        return i;
      }
    }
    throw new IllegalStateException("a ring of one has no neighbours");
  }

  @Override
  public void received(int peer, Message message, boolean late, Frame frame) {
    String name = mesh.peer(peer).name();
    if (message != Message.TOKEN) {
      events.add(Kind.CORRUPT, 1, name, Message.TOKEN.code(), message.code());
      return;
    }
    if (!isTheOne(peer, frame.word(0))) {
      events.add(Kind.TOKEN, 1, name, serial.get() + order.size(), frame.word(0));
    }
    held.set(1);
    serial.set(frame.word(0));
    hopsIn.add(1);
  }

  /** It comes from the guest before this one, which has none, and has been at all others. */
  private boolean isTheOne(int peer, long got) {
    return peer == neighbour(-1)
        && !held.isSet()
        && (!serial.isSet() || got == serial.get() + order.size());
  }

  @Override
  public long sent() {
    return hopsOut.get();
  }

  @Override
  public long received() {
    return hopsIn.get();
  }

  @Override
  public String remarks() {
    return "program=ring tokens=%d serial=%d violations=%d"
        .formatted(held.get(), serial.get(), events.number(Kind.TOKEN));
  }
}
