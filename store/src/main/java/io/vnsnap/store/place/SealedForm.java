package io.vnsnap.store.place;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The form of an encrypted object: a header, then its content in chunks, each sealed by AES-256 in
 * GCM. Objects have keys of their own, derived with the salt in the header, so that the number of a
 * chunk is a nonce that is never used twice. The nonce also says whether the chunk is the last: the
 * STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár (2015), by which a chunk cannot be
 * left out, moved or put at the end unseen. Header and name are authenticated with every chunk, so
 * that objects cannot change places.
 *
 * <p>Safe for use by several threads.
 */
final class SealedForm {
  static final int CHUNK_BYTES = 64 << 10;
  static final int TAG_BYTES = 16;
  static final int SALT_BYTES = 32;
  static final int HEADER_BYTES = Long.BYTES + Short.BYTES + SALT_BYTES;

  private static final int SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
  private static final long MAGIC = 0x564E534E4150454FL; // "VNSNAPEO"
  private static final short VERSION = 1;
  private static final int NONCE_BYTES = 12;
  private static final int NUMBER_AT = NONCE_BYTES - Long.BYTES - 1;

  private final SecretKeySpec key;
  private final byte[] associated;

  private SealedForm(SecretKeySpec key, byte[] associated) {
    this.key = key;
    this.associated = associated;
  }

  static SealedForm of(SecretKeySpec objectsKey, byte[] salt, String name) {
    byte[] key =
        Hkdf.expand(
            Hkdf.extract(salt, objectsKey.getEncoded()),
            ascii("vnsnap object"),
            KeySource.KEY_BYTES);
    ByteBuffer associated = ByteBuffer.allocate(HEADER_BYTES + name.length());
    associated.put(header(salt)).put(ascii(name));
    return new SealedForm(new SecretKeySpec(key, "AES"), associated.array());
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  static ByteBuffer header(byte[] salt) {
    return ByteBuffer.allocate(HEADER_BYTES).putLong(MAGIC).putShort(VERSION).put(salt).flip();
  }

  /** Takes the salt from a header. */
  static byte[] salt(ByteBuffer header) throws Flaw {
    if (header.getLong() != MAGIC) {
      throw new Flaw("it is not encrypted, or its begin is damaged");
    }
    short version = header.getShort();
    if (version != VERSION) {
      throw new Flaw(
          "it is encrypted by version %d, this program knows version %d"
              .formatted(version, VERSION));
    }
    byte[] salt = new byte[SALT_BYTES];
    header.get(salt);
    return salt;
  }

  /** Length of an object with so much content. */
  static long sealedBytes(long content) {
    return HEADER_BYTES + content + TAG_BYTES * chunks(content);
  }

  /** Number of chunks; an empty object has one. */
  static long chunks(long content) {
    return Math.max(1, Math.ceilDiv(content, (long) CHUNK_BYTES));
  }

  /**
   * Length of the content of an object so long.
   *
   * @throws Flaw if no object has that length
   */
  static long contentBytes(long sealed) throws Flaw {
    long body = sealed - HEADER_BYTES;
    long chunks = Math.ceilDiv(body, (long) SEALED_CHUNK_BYTES);
    long content = body - chunks * TAG_BYTES;
    if (body < TAG_BYTES || sealedBytes(content) != sealed) {
      throw new Flaw("no encrypted object has %d bytes".formatted(sealed));
    }
    return content;
  }

  /** Where in the object a chunk begins. */
  static long position(long chunk) {
    return HEADER_BYTES + chunk * SEALED_CHUNK_BYTES;
  }

  static Cipher cipher() {
    try {
      return Cipher.getInstance("AES/GCM/NoPadding");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has AES in GCM", e);
    }
  }

  /** Seals all that remains of the content into the output. */
  void seal(Cipher cipher, long chunk, boolean last, ByteBuffer content, ByteBuffer into) {
    try {
      run(cipher, Cipher.ENCRYPT_MODE, chunk, last, content, into);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("sealing does not fail", e);
    }
  }

  /**
   * Opens a sealed chunk.
   *
   * @throws Flaw if it is not what was sealed as this chunk of this object
   */
  void open(Cipher cipher, long chunk, boolean last, ByteBuffer sealed, ByteBuffer into)
      throws Flaw {
    try {
      run(cipher, Cipher.DECRYPT_MODE, chunk, last, sealed, into);
    } catch (AEADBadTagException e) {
      throw new Flaw("chunk %d is not what was written there".formatted(chunk));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("opening fails by its tag only", e);
    }
  }

  private void run(
      Cipher cipher, int mode, long chunk, boolean last, ByteBuffer from, ByteBuffer into)
      throws GeneralSecurityException {
    byte[] nonce = new byte[NONCE_BYTES];
    ByteBuffer.wrap(nonce).putLong(NUMBER_AT, chunk).put(NONCE_BYTES - 1, (byte) (last ? 1 : 0));
    cipher.init(mode, key, new GCMParameterSpec(TAG_BYTES * Byte.SIZE, nonce));
    cipher.updateAAD(associated);
    cipher.doFinal(from, into);
  }

  /** What is wrong with an object; its reader knows which one it is. */
  static final class Flaw extends Exception {
    private static final long serialVersionUID = 1;

    Flaw(String what) {
      super(what);
    }
  }
}
