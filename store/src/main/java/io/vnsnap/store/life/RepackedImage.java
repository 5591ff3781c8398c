package io.vnsnap.store.life;

import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Writes pages anew by storing them as an image that is discarded at once: what is condemned is not
 * referred to, so the pages go into new packs, which the index knows and nothing else needs to.
 */
public final class RepackedImage implements GarbageCollection.Repacker {
  static final String PREFIX = "gc-repack-";

  /** Pages of one block of memory: what is declared and not given costs time when it is stored. */
  private static final int BLOCK_PAGES = 1024;

  /** Blocks of one image: bounds what its table takes. */
  private static final int BLOCKS = 1024;

  private static final int MEMORY_SHIFT = 12;
  private static final int DISK_SHIFT = 16;

  private final SnapshotStore store;
  private final long random;

  /**
   * Writes to a store.
   *
   * @param store the same one, as snapshots are written to it
   * @param random names the image
   */
  public RepackedImage(SnapshotStore store, long random) {
    this.store = store;
    this.random = random;
  }

  @Override
  public List<String> store(GarbageCollection.LivePages pages) throws IOException {
    String id = PREFIX + "%016x".formatted(random);
    try (Images images = new Images(id)) {
      pages.forEach(images::page);
      images.end();
      return images.maps();
    } finally {
      store.discard(id);
    }
  }

  /** One image of memory and one of a disk at a time. */
  private final class Images implements AutoCloseable {
    private final Sink memory;
    private final Sink disk;

    Images(String id) {
      memory = new Sink(id, MEMORY_SHIFT);
      disk = new Sink(id, DISK_SHIFT);
    }

    void page(ByteBuffer content) throws IOException {
      (content.remaining() == 1 << MEMORY_SHIFT ? memory : disk).page(content);
    }

    void end() throws IOException {
      memory.end();
      disk.end();
    }

    List<String> maps() {
      List<String> maps = new ArrayList<>(memory.maps);
      maps.addAll(disk.maps);
      return maps;
    }

    @Override
    public void close() throws IOException {
      try {
        memory.close();
      } finally {
        disk.close();
      }
    }
  }

  private final class Sink {
    private final String id;
    private final int shift;
    private Optional<ImageWriter> writer = Optional.empty();
    private final List<String> maps = new ArrayList<>();
    private int images;
    private int block;
    private int page;

    Sink(String id, int shift) {
      this.id = id;
      this.shift = shift;
    }

    void page(ByteBuffer content) throws IOException {
      if (writer.isEmpty()) {
        writer = Optional.of(open());
        page = BLOCK_PAGES;
      }
      if (page == BLOCK_PAGES) {
        block = writer.get().block("pages-" + block, (long) BLOCK_PAGES << shift);
        page = 0;
      }
      writer.get().page(block, page++, content);
      if (page == BLOCK_PAGES && ++block == BLOCKS) {
        end();
      }
    }

    private ImageWriter open() throws IOException {
      block = 0;
      ImageTarget target = ImageTarget.of(id, id, "pages-" + images++);
      return shift == MEMORY_SHIFT
          ? store.writeImage(target)
          : store.writeDisk(target, "disk", Optional.empty());
    }

    void end() throws IOException {
      if (writer.isPresent()) {
        try (ImageWriter ending = writer.get()) {
          maps.add(ending.commit().object());
        }
        writer = Optional.empty();
      }
    }

    void close() throws IOException {
      if (writer.isPresent()) {
        writer.get().close();
        writer = Optional.empty();
      }
    }
  }
}
