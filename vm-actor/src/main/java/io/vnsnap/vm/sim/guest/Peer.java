package io.vnsnap.vm.sim.guest;

import io.vnsnap.vm.sim.guest.Events.Kind;

/**
 * What a guest knows of another one. Numbers count frames per direction; a window of them tells
 * exactly which have come, older ones count as duplicated.
 */
final class Peer {
  /** Numbers below the highest that are told apart exactly. */
  static final int WINDOW = 2048;

  private final int address;
  private final String name;
  private final Word vnic;
  private final Word mac;
  private final Word session;
  private final Word next;
  private final Word helloAt;
  private final Word incomingSession;
  private final Word expected;
  private final Words seen;

  /** How a frame fits in. */
  enum Fit {
    /** The highest number so far. */
    NEWEST,
    /** It fills a gap. */
    LATE,
    /** It came before, or so long ago that nobody knows. */
    DOUBLED
  }

  Peer(int address, Arena arena) {
    this.address = address;
    this.name = CommandLine.text(address);
    this.vnic = arena.word();
    this.mac = arena.word();
    this.session = arena.word();
    this.next = arena.word();
    this.helloAt = arena.word();
    this.incomingSession = arena.word();
    this.expected = arena.word();
    this.seen = arena.words(WINDOW / Long.SIZE);
  }

  int address() {
    return address;
  }

  String name() {
    return name;
  }

  boolean isReachable() {
    return vnic.isSet();
  }

  /** Number of the VNIC that leads to it. */
  int vnic() {
    return (int) vnic.get() - 1;
  }

  long mac() {
    return mac.get();
  }

  void reachedBy(int vnicNumber, long peerMac) {
    vnic.set(vnicNumber + 1L);
    mac.set(peerMac);
  }

  long session() {
    return session.get();
  }

  void open(long id) {
    session.set(id);
  }

  long next() {
    return next.get();
  }

  void sent() {
    next.add(1);
  }

  boolean helloDue(long now) {
    return now >= helloAt.get();
  }

  void helloAgainAt(long time) {
    helloAt.set(time);
  }

  long incomingSession() {
    return incomingSession.get();
  }

  void openIncoming(long id) {
    incomingSession.set(id);
    expected.set(0);
    for (int i = 0; i < seen.count(); i++) {
      seen.set(i, 0);
    }
  }

  /** Accounts for a number. One that fills a gap takes its loss back and counts as reordered. */
  Fit account(long number, Events events) {
    long due = expected.get();
    if (number >= due) {
      if (number > due) {
        events.add(Kind.LOST, number - due, name, due, number);
      }
      for (long n = Math.max(due, number - WINDOW + 1); n < number; n++) {
        mark(n, false);
      }
      mark(number, true);
      expected.set(number + 1);
      return Fit.NEWEST;
    }
    if (number < 0 || due - number > WINDOW || isMarked(number)) {
      events.add(Kind.DUPLICATED, 1, name, due, number);
      return Fit.DOUBLED;
    }
    mark(number, true);
    events.add(Kind.REORDERED, 1, name, due, number);
    events.takeBack(Kind.LOST);
    return Fit.LATE;
  }

  private boolean isMarked(long number) {
    int bit = (int) (number % WINDOW);
    return ((seen.get(bit / Long.SIZE) >>> bit) & 1) != 0;
  }

  private void mark(long number, boolean on) {
    int bit = (int) (number % WINDOW);
    long word = seen.get(bit / Long.SIZE);
    seen.set(bit / Long.SIZE, on ? word | (1L << bit) : word & ~(1L << bit));
  }
}
