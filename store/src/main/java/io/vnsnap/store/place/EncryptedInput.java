package io.vnsnap.store.place;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/** Opens the chunks of which something is read. Gives nothing that was not authenticated. */
final class EncryptedInput implements Place.Input {
  /** Chunks that are asked for at once. */
  private static final int CHUNKS_AT_ONCE = 16;

  private final Place.Input in;
  private final SealedForm form;
  private final String address;
  private final long bytes;
  private final long chunks;

  private EncryptedInput(Place.Input in, SealedForm form, String address, long bytes) {
    this.in = in;
    this.form = form;
    this.address = address;
    this.bytes = bytes;
    this.chunks = SealedForm.chunks(bytes);
  }

  /** Opens it, and checks by the last chunk that the object is as long as it was written. */
  static EncryptedInput open(Place.Input in, SecretKeySpec objectsKey, String name, String address)
      throws IOException {
    try {
      long bytes = SealedForm.contentBytes(in.bytes());
      ByteBuffer header = ByteBuffer.allocate(SealedForm.HEADER_BYTES);
      in.read(header, 0);
      SealedForm form = SealedForm.of(objectsKey, SealedForm.salt(header.flip()), name);
      var opened = new EncryptedInput(in, form, address, bytes);
      opened.readChunks(ByteBuffer.allocate(SealedForm.CHUNK_BYTES), opened.chunks - 1, 1);
      return opened;
    } catch (SealedForm.Flaw flaw) {
      throw EncryptedPlace.damaged(address, String.valueOf(flaw.getMessage()));
    } catch (EOFException e) {
      throw EncryptedPlace.damaged(address, "it ends early");
    }
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void read(ByteBuffer into, long position) throws IOException {
    PlaceRules.checkRange(address, bytes, position, into.remaining());
    long at = position;
    while (into.hasRemaining()) {
      long chunk = at / SealedForm.CHUNK_BYTES;
      int skip = (int) (at % SealedForm.CHUNK_BYTES);
      int count = (int) Math.min(CHUNKS_AT_ONCE, chunksFor(skip, into.remaining()));
      ByteBuffer content = ByteBuffer.allocate(count * SealedForm.CHUNK_BYTES);
      readChunks(content, chunk, count);
      content.flip().position(skip);
      int length = Math.min(content.remaining(), into.remaining());
      into.put(content.limit(skip + length));
      at += length;
    }
  }

  private static long chunksFor(int skip, int length) {
    return Math.ceilDiv((long) skip + length, (long) SealedForm.CHUNK_BYTES);
  }

  private void readChunks(ByteBuffer into, long chunk, int count) throws IOException {
    long position = SealedForm.position(chunk);
    long sealedEnd = Math.min(SealedForm.position(chunk + count), SealedForm.sealedBytes(bytes));
    ByteBuffer sealed = ByteBuffer.allocate((int) (sealedEnd - position));
    try {
      in.read(sealed, position);
      sealed.flip();
      Cipher cipher = SealedForm.cipher();
      for (long each = chunk; each < chunk + count; each++) {
        int length =
            (int) (Math.min(SealedForm.position(each + 1), sealedEnd) - SealedForm.position(each));
        ByteBuffer one = sealed.slice((int) (SealedForm.position(each) - position), length);
        form.open(cipher, each, each == chunks - 1, one, into);
      }
    } catch (SealedForm.Flaw flaw) {
      throw EncryptedPlace.damaged(address, String.valueOf(flaw.getMessage()));
    } catch (EOFException e) {
      throw EncryptedPlace.damaged(address, "it has become shorter");
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
