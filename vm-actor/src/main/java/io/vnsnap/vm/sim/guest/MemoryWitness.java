package io.vnsnap.vm.sim.guest;

import io.vnsnap.vm.sim.guest.Events.Kind;

/**
 * Detects a memory image that mixes instants, by two witnesses of as many pages each.
 *
 * <p>The <em>ledger</em>: value moves between its words, its sum stays; its first and its last
 * word, in different pages, count turns together. The <em>pattern</em>: each page is filled from
 * its generation, which its first word has, its last has complemented, and a table elsewhere has
 * too; one page a turn is checked and rewritten.
 */
final class MemoryWitness {
  private static final int MOVES_PER_TURN = 8;
  private static final int PAGE_WORDS = GuestMemory.PAGE / Long.BYTES;

  private final Events events;
  private final Randomness randomness;
  private final Word turns;
  private final Word sum;
  private final Words generations;
  private final Words ledger;
  private final Words pattern;
  private final int pages;

  MemoryWitness(int pages, Events events, Randomness randomness, Arena arena) {
    this.pages = pages;
    this.events = events;
    this.randomness = randomness;
    this.turns = arena.word();
    this.sum = arena.word();
    this.generations = arena.words(pages);
    this.ledger = arena.pages(pages);
    this.pattern = arena.pages(pages);
  }

  void boot() {
    for (int i = 1; i < ledger.count() - 1; i++) {
      ledger.set(i, randomness.next());
    }
    sum.set(total());
    for (int page = 0; page < pages; page++) {
      generations.set(page, randomness.next());
      fill(page);
    }
  }

  void turn() {
    turns.add(1);
    ledger.add(0, 1);
    for (int i = 0; i < MOVES_PER_TURN; i++) {
      long amount = randomness.next();
      ledger.add(1 + randomness.below(ledger.count() - 2), -amount);
      ledger.add(1 + randomness.below(ledger.count() - 2), amount);
    }
    ledger.add(ledger.count() - 1, 1);
    int page = randomness.below(pages);
    check(page);
    generations.add(page, 1);
    fill(page);
  }

  /** Checks all of it; what is torn becomes the new base, so that one tear is one event. */
  void check() {
    long now = total();
    if (now != sum.get()) {
      torn(sum.get(), now);
      sum.set(now);
    }
    for (int end : new int[] {0, ledger.count() - 1}) {
      if (ledger.get(end) != turns.get()) {
        torn(turns.get(), ledger.get(end));
        ledger.set(end, turns.get());
      }
    }
    for (int page = 0; page < pages; page++) {
      check(page);
    }
  }

  private long total() {
    long total = 0;
    for (int i = 1; i < ledger.count() - 1; i++) {
      total += ledger.get(i);
    }
    return total;
  }

  private void fill(int page) {
    long generation = generations.get(page);
    int first = page * PAGE_WORDS;
    pattern.set(first, generation);
    for (int i = 1; i < PAGE_WORDS - 1; i++) {
      pattern.set(first + i, Mixing.pattern(generation, i));
    }
    pattern.set(first + PAGE_WORDS - 1, ~generation);
  }

  private void check(int page) {
    long generation = generations.get(page);
    int first = page * PAGE_WORDS;
    boolean good =
        pattern.get(first) == generation && pattern.get(first + PAGE_WORDS - 1) == ~generation;
    for (int i = 1; good && i < PAGE_WORDS - 1; i++) {
      good = pattern.get(first + i) == Mixing.pattern(generation, i);
    }
    if (!good) {
      torn(generation, pattern.get(first));
      fill(page);
    }
  }

  private void torn(long expected, long got) {
    events.add(Kind.MEMORY, 1, "self", expected, got);
  }
}
