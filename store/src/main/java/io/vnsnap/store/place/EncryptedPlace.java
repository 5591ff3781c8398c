package io.vnsnap.store.place;

import io.vnsnap.store.DamagedSnapshotException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/**
 * A place whose objects are encrypted at another place. Their names, lengths and times are not
 * hidden. The form is {@link SealedForm}'s; {@code docs/store-places.md} specifies it.
 */
final class EncryptedPlace implements Place {
  private final Place plain;
  private final PlaceKeys keys;
  private final SecureRandom random = new SecureRandom();

  private EncryptedPlace(Place plain, PlaceKeys keys) {
    this.plain = plain;
    this.keys = keys;
  }

  /**
   * Opens an encrypted place, or makes an empty one encrypted.
   *
   * @param plain closed with this one, and if opening fails
   * @param key 32 bytes
   * @throws IOException if the place is not encrypted, or with another key
   */
  static EncryptedPlace open(Place plain, byte[] key) throws IOException {
    try {
      return new EncryptedPlace(plain, PlaceKeys.open(plain, key));
    } catch (IOException | RuntimeException | Error e) {
      try (plain) {
        throw e;
      }
    }
  }

  @Override
  public String describe() {
    return plain.describe();
  }

  @Override
  public Optional<SecretKeySpec> pageIdKey() {
    return Optional.of(keys.pageIds());
  }

  @Override
  public Output create(String name) throws IOException {
    refuseKeyObject(name);
    byte[] salt = newSalt();
    Output out = plain.create(name);
    try {
      return new EncryptedOutput(out, SealedForm.of(keys.objects(), salt, name), salt);
    } catch (IOException | RuntimeException | Error e) {
      try (out) {
        throw e;
      }
    }
  }

  private byte[] newSalt() {
    byte[] salt = new byte[SealedForm.SALT_BYTES];
    random.nextBytes(salt);
    return salt;
  }

  @Override
  public void put(String name, ByteBuffer content) throws IOException {
    refuseKeyObject(name);
    PlaceRules.checkPut(name, content);
    if (content.remaining() > MAX_PUT_BYTES) {
      throw PlaceRules.tooMuch(name, content);
    }
    byte[] salt = newSalt();
    SealedForm form = SealedForm.of(keys.objects(), salt, name);
    long chunks = SealedForm.chunks(content.remaining());
    ByteBuffer sealed =
        ByteBuffer.allocate(Math.toIntExact(SealedForm.sealedBytes(content.remaining())));
    sealed.put(SealedForm.header(salt));
    Cipher cipher = SealedForm.cipher();
    ByteBuffer rest = content.duplicate();
    for (long chunk = 0; chunk < chunks; chunk++) {
      int length = Math.min(rest.remaining(), SealedForm.CHUNK_BYTES);
      form.seal(cipher, chunk, chunk == chunks - 1, rest.slice(rest.position(), length), sealed);
      rest.position(rest.position() + length);
    }
    plain.put(name, sealed.flip());
  }

  @Override
  public Input open(String name) throws IOException {
    if (name.equals(PlaceKeys.OBJECT)) {
      throw new NoSuchFileException(address(name), null, "no such object");
    }
    Input in = plain.open(name);
    try {
      return EncryptedInput.open(in, keys.objects(), name, address(name));
    } catch (IOException | RuntimeException | Error e) {
      try (in) {
        throw e;
      }
    }
  }

  @Override
  public List<Entry> list(String prefix) throws IOException {
    List<Entry> entries = new ArrayList<>();
    for (Entry entry : plain.list(prefix)) {
      if (!entry.name().equals(PlaceKeys.OBJECT)) {
        entries.add(new Entry(entry.name(), contentBytes(entry), entry.modifiedMs()));
      }
    }
    return List.copyOf(entries);
  }

  /** Of a damaged object, what is there; who opens it hears of the damage. */
  private static long contentBytes(Entry entry) {
    try {
      return SealedForm.contentBytes(entry.bytes());
    } catch (SealedForm.Flaw e) {
      return entry.bytes();
    }
  }

  @Override
  public void delete(String name) throws IOException {
    refuseKeyObject(name);
    plain.delete(name);
  }

  /** Without that object the place could not be read again. */
  private static void refuseKeyObject(String name) {
    if (name.equals(PlaceKeys.OBJECT)) {
      throw new IllegalArgumentException("the object name '%s' is not free".formatted(name));
    }
  }

  @Override
  public long sweep(Duration untouched) throws IOException {
    return plain.sweep(untouched);
  }

  @Override
  public long freeBytes() throws IOException {
    return plain.freeBytes();
  }

  @Override
  public void close() throws IOException {
    plain.close();
  }

  @Override
  public String toString() {
    return describe();
  }

  static DamagedSnapshotException damaged(String address, String what) {
    return new DamagedSnapshotException("damaged object %s: %s".formatted(address, what));
  }
}
