package io.vnsnap.vm.sim.guest;

/** The arithmetic of patterns, checks and random words. Pure. */
final class Mixing {
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;
  private static final long PRIME = 0x100000001b3L;

  private Mixing() {}

  /** The word at a position of a pattern stream. Any shift, repeat or swap of words is visible. */
  static long pattern(long seed, long index) {
    long x = (seed + index) * GOLDEN;
    return x ^ (x >>> 29);
  }

  /** The next word of xorshift64 (Marsaglia 2003); never 0 unless given 0. */
  static long nextRandom(long state) {
    long x = state;
    x ^= x << 13;
    x ^= x >>> 7;
    x ^= x << 17;
    return x;
  }

  /** A number made of two, never 0; each bit depends on all (the finaliser of SplitMix64). */
  static long mix(long a, long b) {
    long x = a + GOLDEN * (b + 1);
    x = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9L;
    x = (x ^ (x >>> 27)) * 0x94d049bb133111ebL;
    x ^= x >>> 31;
    return x == 0 ? 1 : x;
  }

  /** A text as a number, the same in every JVM. */
  static long hash(String text) {
    long hash = GOLDEN;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * PRIME;
    }
    return mix(hash, text.length());
  }

  /** A check over bytes and what it begins with. */
  static long hash(long start, byte[] bytes, int offset, int length) {
    long hash = start;
    for (int i = 0; i < length; i++) {
      hash = (hash ^ (bytes[offset + i] & 0xff)) * PRIME;
    }
    return mix(hash, length);
  }
}
