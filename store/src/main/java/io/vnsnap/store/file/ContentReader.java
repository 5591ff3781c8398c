package io.vnsnap.store.file;

import io.vnsnap.store.place.Disk;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/** Reads small content (a log, a manifest) on the caller's thread. */
final class ContentReader implements Closeable {
  private final StreamFileReader file;
  private final MessageDigest digest = Sha256.digest();
  private final ByteBuffer chunk;
  private long left;

  private ContentReader(StreamFileReader file) {
    this.file = file;
    this.chunk = ByteBuffer.allocate(file.bufferBytes()).limit(0);
    this.left = file.trailer().bytes();
  }

  /** Opens as {@link StreamFileReader#open} does. */
  static ContentReader open(Disk disk, Part part) throws IOException {
    return new ContentReader(StreamFileReader.open(disk, part));
  }

  StreamLayout.Trailer trailer() {
    return file.trailer();
  }

  /** Bytes not read yet. */
  long left() {
    return left;
  }

  /**
   * Reads the next bytes.
   *
   * @param length at most {@link #left()}
   */
  byte[] read(int length) throws IOException {
    if (length < 0 || length > left) {
      throw new IllegalArgumentException("%d bytes wanted, %d left".formatted(length, left));
    }
    byte[] bytes = new byte[length];
    int done = 0;
    while (done < length) {
      if (!chunk.hasRemaining()) {
        nextChunk();
      }
      int given = Math.min(length - done, chunk.remaining());
      chunk.get(bytes, done, given);
      done += given;
    }
    left -= length;
    return bytes;
  }

  /** After the last byte: whether the digest of all of them is right. */
  void checkEnd() throws IOException {
    if (left > 0) {
      throw new IllegalStateException(left + " bytes were not read");
    }
    file.checkDigest(digest.digest());
  }

  private void nextChunk() throws IOException {
    if (!file.next(chunk)) {
      throw new IllegalStateException("the length of the content was checked before");
    }
    digest.update(chunk.duplicate());
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
