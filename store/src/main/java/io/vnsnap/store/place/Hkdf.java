package io.vnsnap.store.place;

import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Derives keys from a key: HKDF with SHA-256, RFC 5869. The JDK has it from version 25 on, which is
 * more than this project asks for.
 */
final class Hkdf {
  private static final String HMAC = "HmacSHA256";
  private static final int HASH_BYTES = 32;
  private static final int MAX_BLOCKS = 255;

  private Hkdf() {}

  /** Step 1: concentrates the key into a pseudo-random one of 32 bytes. */
  static byte[] extract(byte[] salt, byte[] key) {
    // An HMAC pads its key with zeros, hence one zero is the same as none, which Java refuses.
    return mac(salt.length == 0 ? new byte[1] : salt).doFinal(key);
  }

  /**
   * Step 2: derives a key from the pseudo-random one.
   *
   * @param info what the key is for; different keys for different purposes
   * @param length at most 8,160 bytes
   */
  static byte[] expand(byte[] pseudoRandomKey, byte[] info, int length) {
    int blocks = Math.ceilDiv(length, HASH_BYTES);
    if (blocks > MAX_BLOCKS) {
      throw new IllegalArgumentException("HKDF cannot derive %d bytes".formatted(length));
    }
    Mac mac = mac(pseudoRandomKey);
    byte[] derived = new byte[length];
    byte[] block = {};
    for (int i = 1; i <= blocks; i++) {
      mac.update(block);
      mac.update(info);
      block = mac.doFinal(new byte[] {(byte) i});
      int at = (i - 1) * HASH_BYTES;
      System.arraycopy(block, 0, derived, at, Math.min(HASH_BYTES, length - at));
    }
    return derived;
  }

  private static Mac mac(byte[] key) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(new SecretKeySpec(key, HMAC));
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has " + HMAC, e);
    }
  }
}
