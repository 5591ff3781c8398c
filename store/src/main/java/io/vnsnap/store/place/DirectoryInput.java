package io.vnsnap.store.place;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A file being read. */
final class DirectoryInput implements Place.Input {
  private final Path file;
  private final Disk.Input in;
  private final long bytes;

  private DirectoryInput(Path file, Disk.Input in, long bytes) {
    this.file = file;
    this.in = in;
    this.bytes = bytes;
  }

  static DirectoryInput open(Disk disk, Path file) throws IOException {
    try {
      Disk.Input in = disk.open(file);
      try {
        return new DirectoryInput(file, in, in.bytes());
      } catch (IOException | RuntimeException | Error e) {
        try (in) {
          throw e;
        }
      }
    } catch (NoSuchFileException e) {
      throw e;
    } catch (IOException e) {
      throw Tree.failed("read", file, e);
    }
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void read(ByteBuffer into, long position) throws IOException {
    PlaceRules.checkRange(file.toString(), bytes, position, into.remaining());
    long at = position;
    while (into.hasRemaining()) {
      int read = readSome(into, at);
      if (read < 0) {
        throw new EOFException(
            "%s has become shorter than its %d bytes: it ends at %d".formatted(file, bytes, at));
      }
      at += read;
    }
  }

  private int readSome(ByteBuffer into, long at) throws IOException {
    try {
      return in.read(into, at);
    } catch (ClosedChannelException e) {
      throw e; // Closed by its user, or the reading thread is interrupted.
    } catch (IOException e) {
      throw Tree.failed("read", file, e);
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
