package io.vnsnap.vm.sim.guest;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * Counts what has gone wrong, and prints each as a line in the format of the guest kit, up to a
 * bound for each kind; counting goes on.
 */
final class Events {
  private static final int MAX_LINES = 100;

  private final String vm;
  private final Hardware hardware;
  private final Map<Kind, Count> counts = new EnumMap<>(Kind.class);

  /**
   * Of one kind.
   *
   * @param events counted
   * @param lines printed, or left out
   */
  private record Count(Word events, Word lines) {}

  /** What can go wrong. */
  enum Kind {
    LOST("lost"),
    DUPLICATED("duplicated"),
    REORDERED("reordered"),
    CORRUPT("corrupt"),
    BROKEN("broken"),
    MEMORY("memory"),
    /** Money was made or destroyed. */
    MONEY("money"),
    /** There is not exactly one token. */
    TOKEN("token");

    private final String text;

    Kind(String text) {
      this.text = text;
    }
  }

  Events(String vm, Hardware hardware, Arena arena) {
    this.vm = vm;
    this.hardware = hardware;
    for (Kind kind : Kind.values()) {
      counts.put(kind, new Count(arena.word(), arena.word()));
    }
  }

  /** Counts so many of a kind. */
  void add(Kind kind, long amount, String peer, long expected, long got) {
    Count count = count(kind);
    count.events().add(amount);
    count.lines().add(1);
    if (count.lines().get() <= MAX_LINES) {
      hardware.print(
          "VNTRAFFIC-ERROR vm=%s kind=%s peer=%s expected=%s got=%s"
              .formatted(
                  vm,
                  kind.text,
                  peer,
                  Long.toUnsignedString(expected),
                  Long.toUnsignedString(got)));
    }
  }

  /** One of a kind turned out not to be. */
  void takeBack(Kind kind) {
    count(kind).events().add(-1);
  }

  long number(Kind kind) {
    return count(kind).events().get();
  }

  private Count count(Kind kind) {
    return Objects.requireNonNull(counts.get(kind));
  }
}
