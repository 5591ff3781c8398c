package io.vnsnap.store.place;

import com.google.protobuf.ByteString;
import io.vnsnap.store.DamagedSnapshotException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.zip.CRC32C;
import javax.crypto.spec.SecretKeySpec;

/**
 * The keys of one encrypted place, derived from the operator's key and a salt that lies at the
 * place, in the object {@code vnsnap-key}. Beside the salt is a value by which a wrong key is
 * known; it is one more derived key, of no other use.
 *
 * @param objects the keys of objects are derived from this one
 * @param pageIds for ids of content that do not reveal it
 */
record PlaceKeys(SecretKeySpec objects, SecretKeySpec pageIds) {
  /** Tells an encrypted place from another; readable without a key. */
  static final String OBJECT = "vnsnap-key";

  private static final String HMAC = "HmacSHA256";
  private static final long MAGIC = 0x564E534E41504B59L; // "VNSNAPKY"
  private static final short VERSION = 1;
  private static final int SALT_BYTES = 32;
  private static final int CHECK_BYTES = 32;
  private static final int CONTENT_BYTES =
      Long.BYTES + Short.BYTES + SALT_BYTES + CHECK_BYTES + Integer.BYTES;

  /** What the object holds. */
  private record Stored(ByteString salt, ByteString check) {}

  /** Whether the place is an encrypted one. */
  static boolean isEncrypted(Place plain) throws IOException {
    try {
      plain.open(OBJECT).close();
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /**
   * Finds the keys of a place, or makes an empty place an encrypted one.
   *
   * @throws IOException if the place is not encrypted, or with another key
   */
  static PlaceKeys open(Place plain, byte[] key) throws IOException {
    if (!isEncrypted(plain)) {
      create(plain, key);
    }
    Stored stored = read(plain);
    byte[] root = Hkdf.extract(stored.salt().toByteArray(), key);
    byte[] check = derive(root, "vnsnap key check");
    if (!MessageDigest.isEqual(check, stored.check().toByteArray())) {
      throw new IOException(
          "the store at %s was encrypted with another key. Give that one in vnsnap.store.encryption"
              .formatted(plain.describe()));
    }
    return new PlaceKeys(
        new SecretKeySpec(derive(root, "vnsnap objects"), HMAC),
        new SecretKeySpec(derive(root, "vnsnap page ids"), HMAC));
  }

  private static void create(Place plain, byte[] key) throws IOException {
    if (!plain.list("").isEmpty()) {
      throw new IOException(
          "the store at %s is not encrypted. Leave vnsnap.store.encryption out, or name an empty place"
              .formatted(plain.describe()));
    }
    byte[] salt = new byte[SALT_BYTES];
    new SecureRandom().nextBytes(salt);
    byte[] check = derive(Hkdf.extract(salt, key), "vnsnap key check");
    try (Place.Output out = plain.create(OBJECT)) {
      out.write(encode(new Stored(ByteString.copyFrom(salt), ByteString.copyFrom(check))));
      out.commit();
    } catch (FileAlreadyExistsException e) {
      // Another host was faster; whether it has the same key is checked next.
    }
  }

  private static byte[] derive(byte[] root, String purpose) {
    return Hkdf.expand(root, purpose.getBytes(StandardCharsets.US_ASCII), KeySource.KEY_BYTES);
  }

  private static ByteBuffer encode(Stored stored) {
    ByteBuffer content = ByteBuffer.allocate(CONTENT_BYTES);
    content
        .putLong(MAGIC)
        .putShort(VERSION)
        .put(stored.salt().toByteArray())
        .put(stored.check().toByteArray());
    return content.putInt(crc(content.array())).flip();
  }

  private static int crc(byte[] content) {
    var crc = new CRC32C();
    crc.update(content, 0, CONTENT_BYTES - Integer.BYTES);
    return (int) crc.getValue();
  }

  private static Stored read(Place plain) throws IOException {
    ByteBuffer content = ByteBuffer.allocate(CONTENT_BYTES);
    try (Place.Input in = plain.open(OBJECT)) {
      if (in.bytes() != CONTENT_BYTES) {
        throw damaged(plain, "it has %d bytes, not %d".formatted(in.bytes(), CONTENT_BYTES));
      }
      in.read(content, 0);
    } catch (EOFException e) {
      throw damaged(plain, "it ends early");
    }
    content.flip();
    if (content.getLong() != MAGIC) {
      throw damaged(plain, "it does not begin as it should");
    }
    short version = content.getShort();
    if (version != VERSION) {
      throw new IOException(
          "the store at %s is encrypted by version %d, this program knows version %d. Use the program that made it"
              .formatted(plain.describe(), version, VERSION));
    }
    ByteString salt = ByteString.copyFrom(content, SALT_BYTES);
    ByteString check = ByteString.copyFrom(content, CHECK_BYTES);
    if (content.getInt() != crc(content.array())) {
      throw damaged(plain, "its checksum is wrong");
    }
    return new Stored(salt, check);
  }

  private static DamagedSnapshotException damaged(Place plain, String what) {
    return new DamagedSnapshotException(
        "damaged object %s: %s. Without it nothing of the store can be read; restore it from a copy"
            .formatted(plain.address(OBJECT), what));
  }
}
