package io.vnsnap.store.pack;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.Damage;
import io.vnsnap.store.record.Flaw;
import io.vnsnap.store.record.ObjectNames;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** One pack that is read. Safe for use by several threads. */
public final class PackReader implements Closeable {
  /** Read at the end at first: trailer and directory of most packs, in one go. */
  private static final int TAIL_BYTES = 64 << 10;

  private final Place place;
  private final long name;
  private final Place.Input in;
  private final PackLayout.Trailer trailer;
  private final PackDirectory directory;

  private PackReader(
      Place place, long name, Place.Input in, PackLayout.Trailer trailer, PackDirectory directory) {
    this.place = place;
    this.name = name;
    this.in = in;
    this.trailer = trailer;
    this.directory = directory;
  }

  /**
   * Opens a pack and checks header, trailer and directory.
   *
   * @param scheme of the page ids that are expected
   * @throws java.nio.file.NoSuchFileException if it is absent
   * @throws io.vnsnap.store.DamagedSnapshotException if one of them is wrong
   */
  public static PackReader open(Place place, long name, int scheme) throws IOException {
    Place.Input in = place.open(ObjectNames.pack(name));
    try {
      return read(place, name, scheme, in);
    } catch (Flaw flaw) {
      try (in) {
        throw damaged(place, name, flaw.what());
      }
    } catch (EOFException e) {
      try (in) {
        throw damaged(place, name, "it is cut short");
      }
    } catch (IOException | RuntimeException | Error e) {
      try (in) {
        throw e;
      }
    }
  }

  private static PackReader read(Place place, long name, int scheme, Place.Input in)
      throws IOException, Flaw {
    long bytes = in.bytes();
    Flaw.when(
        bytes < PackLayout.HEADER_BYTES + PackLayout.TRAILER_BYTES || bytes > PackLayout.MAX_BYTES,
        "its length of %d bytes is wrong",
        bytes);
    PackLayout.checkHeader(name, scheme, read(in, 0, PackLayout.HEADER_BYTES));
    int tailBytes = (int) Math.min(bytes, TAIL_BYTES);
    ByteBuffer tail = read(in, bytes - tailBytes, tailBytes);
    var trailer =
        PackLayout.Trailer.decode(
            name,
            bytes,
            tail.slice(tailBytes - PackLayout.TRAILER_BYTES, PackLayout.TRAILER_BYTES));
    int length = (int) trailer.directoryBytes();
    long inTail = trailer.directoryOffset() - (bytes - tailBytes);
    ByteBuffer encoded =
        inTail >= 0
            ? tail.slice((int) inTail, length)
            : read(in, trailer.directoryOffset(), length);
    return new PackReader(place, name, in, trailer, PackDirectory.decode(name, trailer, encoded));
  }

  private static ByteBuffer read(Place.Input in, long position, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    in.read(bytes, position);
    return bytes.flip();
  }

  /** What a thread needs to read groups. */
  public static final class Decoder implements Closeable {
    private final ZstdDecompressCtx zstd = new ZstdDecompressCtx();
    private final ByteBuffer stored =
        ByteBuffer.allocateDirect(PackLayout.GROUP_HEADER_BYTES + PackLayout.MAX_GROUP_BYTES);
    private final ByteBuffer raw = ByteBuffer.allocateDirect(PackLayout.MAX_GROUP_BYTES);

    @Override
    public void close() {
      zstd.close();
    }
  }

  public int groups() {
    return directory.groups();
  }

  /** Pages of all groups. */
  public int pages() {
    return directory.pages();
  }

  /** Pages of a group; 0 if the number is unused. */
  public int pages(int group) {
    return directory.pages(group);
  }

  /** Binary logarithm of the length of a group's pages. */
  public int shift(int group) {
    return directory.shift(group);
  }

  /**
   * Reads a group whole.
   *
   * @return its pages, one after another
   * @throws io.vnsnap.store.DamagedSnapshotException if it is not what was written
   */
  public byte[] group(int group, Decoder decoder) throws IOException {
    try {
      Flaw.when(
          group >= directory.groups() || directory.pages(group) == 0,
          "there is no group %d",
          group);
      ByteBuffer stored = decoder.stored.clear().limit(directory.bytes(group));
      in.read(stored, directory.offset(group));
      var header = PackLayout.GroupHeader.decode(name, group, stored.flip());
      Flaw.when(
          header.pages() != directory.pages(group) || header.shift() != directory.shift(group),
          "group %d is not what the directory says",
          group);
      byte[] pages = new byte[header.rawBytes()];
      if (header.codec() == PackLayout.RAW) {
        stored.get(PackLayout.GROUP_HEADER_BYTES, pages);
      } else {
        int bytes =
            decoder.zstd.decompressDirectByteBuffer(
                decoder.raw,
                0,
                header.rawBytes(),
                stored,
                PackLayout.GROUP_HEADER_BYTES,
                header.storedBytes());
        Flaw.when(bytes != header.rawBytes(), "group %d is too short", group);
        decoder.raw.get(0, pages);
      }
      return pages;
    } catch (Flaw flaw) {
      throw damaged(place, name, flaw.what());
    } catch (ZstdException e) {
      throw damaged(
          place, name, "group %d cannot be decompressed: %s".formatted(group, e.getMessage()));
    } catch (EOFException e) {
      throw damaged(place, name, "it is cut short");
    }
  }

  /** Reads the ids of all pages: {@link PageIds#BYTES} each, in the order of groups and slots. */
  public ByteBuffer ids() throws IOException {
    ByteBuffer ids;
    try {
      ids = read(in, trailer.idsOffset(), (int) trailer.idsBytes());
    } catch (EOFException e) {
      throw damaged(place, name, "it is cut short");
    }
    if (PackLayout.crc(name, ids) != trailer.idsCrc()) {
      throw damaged(place, name, "the checksum of its ids is wrong");
    }
    return ids;
  }

  private static IOException damaged(Place place, long name, String what) {
    return Damage.of(place, "pack", ObjectNames.pack(name), what);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
