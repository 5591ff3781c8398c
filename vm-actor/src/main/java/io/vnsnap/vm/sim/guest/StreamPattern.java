package io.vnsnap.vm.sim.guest;

/** The bytes of a stream, as a function of seed and position. Pure. */
final class StreamPattern {
  private StreamPattern() {}

  static void fill(long seed, long position, byte[] into, int offset, int length) {
    long word = 0;
    for (int i = 0; i < length; i++) {
      long at = position + i;
      if (i == 0 || at % Long.BYTES == 0) {
        word = Mixing.pattern(seed, at / Long.BYTES);
      }
      into[offset + i] = byteOf(word, at);
    }
  }

  /** How many bytes are not what they should be. */
  static int differences(long seed, long position, byte[] bytes, int offset, int length) {
    int wrong = 0;
    long word = 0;
    for (int i = 0; i < length; i++) {
      long at = position + i;
      if (i == 0 || at % Long.BYTES == 0) {
        word = Mixing.pattern(seed, at / Long.BYTES);
      }
      wrong += bytes[offset + i] == byteOf(word, at) ? 0 : 1;
    }
    return wrong;
  }

  private static byte byteOf(long word, long position) {
    return (byte) (word >>> (8 * (position % Long.BYTES)));
  }
}
