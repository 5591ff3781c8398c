package io.vnsnap.vm.qemu.disk;

import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Puts blocks of {@link ImageReader#DISK_BLOCK_BYTES} together from the extents of a disk, and
 * gives a writer those that have changed. A block of which only a part has changed is given whole:
 * the rest of it comes from where it lies below. What is beyond the end of the disk in the last
 * block is zero.
 */
final class BlockAssembly {
  private static final int BLOCK = ImageReader.DISK_BLOCK_BYTES;
  private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(BLOCK).asReadOnlyBuffer();

  /** What a block is given as when all its bytes are zero. */
  enum Zeros {
    /** By the writer's call for it: the block was something else before. */
    GIVEN,
    /** Not at all: what is not given is zero. */
    LEFT_OUT
  }

  private final DiskContent content;
  private final Predicate<Extent> changed;
  private final Zeros zeros;
  private final ImageWriter writer;
  private final int disk;
  private final long bytes;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BLOCK);

  /** Those of the block that is not complete yet. */
  private final List<Piece> pieces = new ArrayList<>();

  private long reached;

  private record Piece(Extent extent, long from, int length) {}

  /**
   * @param changed whether the content of an extent is to be given
   * @param disk number of the writer's block of memory that is the disk
   * @param bytes length of the disk
   */
  BlockAssembly(
      DiskContent content,
      Predicate<Extent> changed,
      Zeros zeros,
      ImageWriter writer,
      int disk,
      long bytes) {
    this.content = content;
    this.changed = changed;
    this.zeros = zeros;
    this.writer = writer;
    this.disk = disk;
    this.bytes = bytes;
  }

  /** How many bytes of the disk are done. */
  long reached() {
    return reached;
  }

  /**
   * Takes part of the next extent: up to the end of a block, or more when nothing of it is wanted.
   *
   * @param extent that holds what comes next
   */
  void advance(Extent extent) throws IOException {
    long left = extent.end() - reached;
    boolean nothing = !changed.test(extent) || (extent.zero() && zeros == Zeros.LEFT_OUT);
    if (nothing && reached % BLOCK == 0 && left >= BLOCK) {
      reached += left - left % BLOCK;
      return;
    }
    int length = (int) Math.min(left, BLOCK - reached % BLOCK);
    pieces.add(new Piece(extent, reached, length));
    reached += length;
    if (reached % BLOCK == 0 || reached == bytes) {
      give((reached - 1) / BLOCK);
      pieces.clear();
    }
  }

  private void give(long block) throws IOException {
    if (pieces.stream().noneMatch(piece -> changed.test(piece.extent()))) {
      return;
    }
    boolean zero = pieces.stream().allMatch(piece -> piece.extent().zero());
    if (!zero) {
      buffer.clear();
      for (Piece piece : pieces) {
        buffer.limit(buffer.position() + piece.length());
        content.read(piece.extent(), piece.from(), buffer);
      }
      buffer.limit(BLOCK);
      DiskContent.putZeros(buffer);
      buffer.flip();
      zero = buffer.mismatch(ZEROS.duplicate()) < 0;
    }
    if (!zero) {
      writer.page(disk, block, buffer);
    } else if (zeros == Zeros.GIVEN) {
      writer.zeroPage(disk, block);
    }
  }
}
