package io.vnsnap.store.place;

import java.io.IOException;
import java.nio.ByteBuffer;
import javax.crypto.Cipher;

/** Seals what is written, chunk by chunk. */
final class EncryptedOutput implements Place.Output {
  private final Place.Output out;
  private final SealedForm form;
  private final Cipher cipher = SealedForm.cipher();
  private final ByteBuffer content = ByteBuffer.allocate(SealedForm.CHUNK_BYTES);
  private final ByteBuffer sealed =
      ByteBuffer.allocate(SealedForm.CHUNK_BYTES + SealedForm.TAG_BYTES);
  private long chunk;
  private boolean ended;

  /**
   * @param out gets the header at once; not closed if that fails
   */
  EncryptedOutput(Place.Output out, SealedForm form, byte[] salt) throws IOException {
    this.out = out;
    this.form = form;
    out.write(SealedForm.header(salt));
  }

  @Override
  public void write(ByteBuffer bytes) throws IOException {
    refuseEnded();
    while (bytes.hasRemaining()) {
      if (!content.hasRemaining()) {
        writeChunk(false); // Only now, since only now it is known not to be the last.
      }
      int length = Math.min(bytes.remaining(), content.remaining());
      content.put(bytes.slice(bytes.position(), length));
      bytes.position(bytes.position() + length);
    }
  }

  private void writeChunk(boolean last) throws IOException {
    sealed.clear();
    form.seal(cipher, chunk, last, content.flip(), sealed);
    chunk++;
    content.clear();
    out.write(sealed.flip());
  }

  @Override
  public void commit() throws IOException {
    refuseEnded();
    ended = true;
    writeChunk(true);
    out.commit();
  }

  private void refuseEnded() {
    if (ended) {
      throw new IllegalStateException("the object has been ended");
    }
  }

  @Override
  public void close() throws IOException {
    ended = true;
    out.close();
  }
}
