package io.vnsnap.store.file;

import com.google.protobuf.ByteString;
import io.vnsnap.store.SnapshotExistsException;
import io.vnsnap.store.place.Disk;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Writes one stream file beside its place and moves it there when it is complete and durable. Used
 * by one thread at a time. Closing before that removes what was written.
 */
final class StreamFileWriter implements Closeable {
  /** How often free space is looked at, in bytes written. */
  private static final long SPACE_CHECK_BYTES = 16 << 20;

  private final Area area;
  private final Part part;
  private final Path partial;
  private final StreamHeader header;
  private final Disk.Output out;
  private long content;
  private long checkedAt;
  private boolean moved;
  private boolean closed;

  private StreamFileWriter(
      Area area, Part part, Path partial, StreamHeader header, Disk.Output out) {
    this.area = area;
    this.part = part;
    this.partial = partial;
    this.header = header;
    this.out = out;
  }

  /** Begins a file; its folder must be there. */
  static StreamFileWriter create(Area area, Part part) throws IOException {
    Path partial = part.partial(area.random().getAsLong());
    var header =
        new StreamHeader(
            part.kind().code, area.settings().chunkBytes(), area.random().getAsLong(), part.name());
    area.checkSpace(partial, 0);
    Disk.Output out;
    try {
      out = area.disk().create(partial);
    } catch (IOException e) {
      throw area.writing(partial, 0, e);
    }
    var writer = new StreamFileWriter(area, part, partial, header, out);
    try {
      writer.writeFully(header.encode());
      return writer;
    } catch (IOException e) {
      writer.closeAfter(e);
      throw e;
    }
  }

  /**
   * Writes a chunk: its payload from {@link StreamLayout#CHUNK_HEADER_BYTES} to the limit, all
   * chunks but the last full. The space before the payload is written too.
   */
  void write(ByteBuffer chunk) throws IOException {
    chunk.position(StreamLayout.CHUNK_HEADER_BYTES);
    int payload = chunk.remaining();
    int crc = StreamLayout.chunkCrc(header.salt(), content, chunk);
    chunk.putInt(0, payload).putInt(Integer.BYTES, crc).position(0);
    writeFully(chunk);
    content += payload;
    if (content - checkedAt >= SPACE_CHECK_BYTES) {
      checkedAt = content;
      area.checkSpace(partial, content);
    }
  }

  /**
   * Ends the file, makes it durable and moves it to its place.
   *
   * @param sha256 of the content
   * @throws SnapshotExistsException if the snapshot has been sealed meanwhile
   */
  StreamLayout.Trailer commit(ByteString sha256) throws IOException {
    var trailer = new StreamLayout.Trailer(content, sha256);
    writeFully(trailer.encode(header.salt()));
    try {
      out.sync();
      out.close();
    } catch (IOException e) {
      throw area.writing(partial, content, e);
    }
    refuseSealed(area, part);
    try {
      area.disk().move(partial, part.file());
      moved = true;
    } catch (NoSuchFileException e) {
      throw new IOException(
          "cannot write %s: the snapshot was discarded meanwhile".formatted(part.file()), e);
    } catch (IOException e) {
      throw area.writing(part.file(), content, e);
    }
    area.syncFolder(part.folder());
    return trailer;
  }

  /** Parts of a sealed snapshot are never replaced. */
  static void refuseSealed(Area area, Part part) throws IOException {
    String id = area.layout().snapshots().relativize(part.file()).getName(0).toString();
    Path manifest = area.layout().manifest(id).file();
    if (area.disk().kind(manifest) != Disk.Kind.ABSENT) {
      throw new SnapshotExistsException(
          "cannot write %s: the snapshot %s is sealed".formatted(part.file(), id));
    }
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try (out) {
      if (!moved) {
        area.disk().remove(partial);
      }
    } catch (NoSuchFileException e) {
      // Discarded with its snapshot: what was wanted.
    } catch (IOException e) {
      throw new IOException(
          "cannot remove the unfinished %s: %s. Discard the snapshot to be rid of it"
              .formatted(partial, e.getMessage()),
          e);
    }
  }

  /** Closes because of an error, which is what the caller must hear of. */
  void closeAfter(Throwable error) {
    try {
      close();
    } catch (IOException e) {
      error.addSuppressed(e);
    }
  }

  private void writeFully(ByteBuffer bytes) throws IOException {
    try {
      while (bytes.hasRemaining()) {
        if (out.write(bytes) <= 0) {
          throw new IOException("the file system takes no more bytes");
        }
      }
    } catch (IOException e) {
      throw area.writing(partial, content, e);
    }
  }
}
