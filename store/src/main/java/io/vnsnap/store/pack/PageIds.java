package io.vnsnap.store.pack;

import io.vnsnap.store.record.Sha256;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.DigestException;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.ShortBufferException;

/** How pages get their ids: a cryptographic hash of 32 bytes. Safe for use by several threads. */
public interface PageIds {
  /** Length of an id. */
  int BYTES = 32;

  /** An id as this many longs, big-endian. */
  int LONGS = 4;

  /** Number in packs and index runs: ids of another scheme say nothing here. */
  int scheme();

  /** Something that hashes, for one thread. */
  Hasher hasher();

  /** Used by one thread. */
  interface Hasher {
    /** Writes the id of the page at the start of the array. */
    void id(byte[] page, int length, long[] id);
  }

  /** SHA-256 of the content. */
  static PageIds sha256() {
    return new Sha256Ids();
  }

  /** HMAC-SHA-256 of the content: whoever lacks the key cannot tell what a page holds by its id. */
  static PageIds hmacSha256(SecretKey key) {
    return new HmacIds(key);
  }

  /** Without a key. */
  final class Sha256Ids implements PageIds {
    private Sha256Ids() {}

    @Override
    public int scheme() {
      return 1;
    }

    @Override
    public Hasher hasher() {
      MessageDigest digest = Sha256.digest();
      byte[] out = new byte[BYTES];
      return (page, length, id) -> {
        digest.update(page, 0, length);
        try {
          int unused = digest.digest(out, 0, BYTES);
        } catch (DigestException e) {
          throw new IllegalStateException("32 bytes have room for a SHA-256", e);
        }
        Longs.read(out, id);
      };
    }
  }

  /** With a key. */
  final class HmacIds implements PageIds {
    private final SecretKey key;

    private HmacIds(SecretKey key) {
      this.key = key;
    }

    @Override
    public int scheme() {
      return 2;
    }

    @Override
    public Hasher hasher() {
      Mac mac;
      try {
        mac = Mac.getInstance("HmacSHA256");
        mac.init(key);
      } catch (NoSuchAlgorithmException | InvalidKeyException e) {
        throw new IllegalStateException("every Java platform has HmacSHA256", e);
      }
      byte[] out = new byte[BYTES];
      return (page, length, id) -> {
        mac.update(page, 0, length);
        try {
          mac.doFinal(out, 0);
        } catch (ShortBufferException e) {
          throw new IllegalStateException("32 bytes have room for a HMAC-SHA-256", e);
        }
        Longs.read(out, id);
      };
    }
  }

  /** Big-endian longs of an array. */
  final class Longs {
    private static final VarHandle BIG_ENDIAN =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private Longs() {}

    static void read(byte[] from, long[] into) {
      for (int i = 0; i < LONGS; i++) {
        into[i] = (long) BIG_ENDIAN.get(from, i * Long.BYTES);
      }
    }
  }
}
