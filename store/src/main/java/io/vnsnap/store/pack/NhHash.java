package io.vnsnap.store.pack;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;

/**
 * A keyed universal hash that tells at about ten times the speed of SHA-256 whether a page is what
 * it was: NH (Black, Halevi, Krawczyk, Krovetz, Rogaway: UMAC, CRYPTO 1999; RFC 4418), here over
 * words of 64 bits with a sum of 128. Two different pages of equal length agree with a probability
 * of at most 2<sup>-64</sup> over the choice of the key, whatever they are; so the key is random
 * per process and must not leave it, nor may the hashes. Safe for use by several threads.
 */
public final class NhHash {
  /** Longest page. */
  public static final int MAX_BYTES = 65_536;

  /** A hash has this many longs. */
  public static final int LONGS = 2;

  private static final VarHandle WORDS =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final long[] key = new long[MAX_BYTES / Long.BYTES];

  /** With a key of its own. */
  public NhHash(SecureRandom random) {
    for (int i = 0; i < key.length; i++) {
      key[i] = random.nextLong();
    }
  }

  /**
   * Hashes a page where it lies: to copy it first costs as much as the hash. It lies outside the
   * heap, always: compiled for both kinds of buffers the loop takes three times as long.
   *
   * @param page outside the heap; its position has no meaning here
   * @param at index of its first byte; it ends within the limit
   * @param length a multiple of 32, at most {@link #MAX_BYTES}
   * @param hash takes the two longs
   */
  public void hash(ByteBuffer page, int at, int length, long[] hash) {
    if (!page.isDirect()) {
      throw new IllegalArgumentException("a page in the heap is not hashed; copy it out of it");
    }
    long[] keys = key;
    long low = 0;
    long high = 0;
    long otherLow = 0;
    long otherHigh = 0;
    // By words, not bytes: only so does the compiler see that no index is out of bounds. Two sums,
    // because one has to wait for its carry.
    int words = length >>> 3;
    for (int i = 0; i < words - 3; i += 4) {
      int from = at + (i << 3);
      long x = (long) WORDS.get(page, from) + keys[i];
      long y = (long) WORDS.get(page, from + 8) + keys[i + 1];
      long product = x * y;
      low += product;
      high += Math.unsignedMultiplyHigh(x, y) + carry(low, product);
      long v = (long) WORDS.get(page, from + 16) + keys[i + 2];
      long w = (long) WORDS.get(page, from + 24) + keys[i + 3];
      long otherProduct = v * w;
      otherLow += otherProduct;
      otherHigh += Math.unsignedMultiplyHigh(v, w) + carry(otherLow, otherProduct);
    }
    low += otherLow;
    hash[0] = low;
    hash[1] = high + otherHigh + carry(low, otherLow);
  }

  /** Whether an unsigned sum has carried: if and only if it is smaller than what was added. */
  private static long carry(long sum, long added) {
    return sum + Long.MIN_VALUE < added + Long.MIN_VALUE ? 1 : 0;
  }
}
