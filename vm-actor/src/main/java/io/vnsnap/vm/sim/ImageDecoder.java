package io.vnsnap.vm.sim;

import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import io.vnsnap.vm.sim.guest.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Reads an image to its last byte. Nobody is trusted: what is allocated is bounded by what was
 * read, names, counts and offsets are checked, and so is the sum over everything.
 */
final class ImageDecoder {
  private static final int BUFFER_BYTES = 64 * 1024;

  private final ImageReader image;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).limit(0);
  private final CRC32C crc = new CRC32C();
  private final List<Block> blocks = new ArrayList<>();
  private long pages;
  private int lastBlock;
  private long lastOffset = -1;

  /** Takes what an image holds, in its order. */
  interface Sink {

    /**
     * One page; all others are zeros.
     *
     * @param block of memory
     * @param offset in the block, bytes; a multiple of the page's length, within the block
     * @param content a page; the receiver's
     */
    void page(Block block, long offset, byte[] content) throws IOException;

    /** The state of a device. */
    void device(String name, ByteBuffer state) throws IOException;
  }

  /** A block of memory. */
  record Block(String name, long bytes) {}

  private ImageDecoder(ImageReader image) {
    this.image = image;
  }

  /**
   * Reads an image whole. Blocks; does not close it.
   *
   * @return its blocks of memory
   * @throws DamagedSnapshotException if anything about it is wrong
   */
  static List<Block> read(ImageReader image, Sink sink) throws IOException {
    ImageDecoder decoder = new ImageDecoder(image);
    decoder.header();
    while (decoder.record(sink)) {
      // The next one.
    }
    decoder.mustBeOver();
    return List.copyOf(decoder.blocks);
  }

  private void header() throws IOException {
    if (!Arrays.equals(bytes(SimulatedImage.MAGIC.length), SimulatedImage.MAGIC)) {
      throw damaged("it is not the image of a simulated VM");
    }
    int version = number(Short.BYTES).getShort();
    if (version != SimulatedImage.VERSION) {
      throw damaged("it has version " + version + ", known is " + SimulatedImage.VERSION);
    }
    int count = unsignedByte();
    if (count < 1 || count > SimulatedImage.MAX_BLOCKS) {
      throw damaged("it has " + count + " blocks of memory");
    }
    for (int i = 0; i < count; i++) {
      String name = name();
      long bytes = number(Long.BYTES).getLong();
      if (bytes < 0 || bytes % GuestMemory.PAGE != 0) {
        throw damaged("block " + name + " has " + bytes + " bytes");
      }
      blocks.add(new Block(name, bytes));
    }
  }

  private boolean record(Sink sink) throws IOException {
    int kind = unsignedByte();
    switch (kind) {
      case SimulatedImage.PAGE -> page(sink);
      case SimulatedImage.DEVICE -> device(sink);
      case SimulatedImage.END -> {
        end();
        return false;
      }
      default -> throw damaged("it has a record of unknown kind " + kind);
    }
    return true;
  }

  private void page(Sink sink) throws IOException {
    int number = unsignedByte();
    long offset = number(Long.BYTES).getLong();
    boolean forward = number > lastBlock || (number == lastBlock && offset > lastOffset);
    if (number >= blocks.size()
        || !forward
        || offset < 0
        || offset % GuestMemory.PAGE != 0
        || offset >= blocks.get(number).bytes()) {
      throw damaged("it has no page " + offset + " of block " + number + " there");
    }
    lastBlock = number;
    lastOffset = offset;
    pages++;
    sink.page(blocks.get(number), offset, bytes(GuestMemory.PAGE));
  }

  private void device(Sink sink) throws IOException {
    String name = name();
    int length = number(Integer.BYTES).getInt();
    if (length < 0 || length > SimulatedImage.MAX_DEVICE_BYTES) {
      throw damaged("device " + name + " has " + length + " bytes");
    }
    sink.device(name, ByteBuffer.wrap(bytes(length)));
  }

  private void end() throws IOException {
    long told = number(Long.BYTES).getLong();
    int expected = (int) crc.getValue();
    int found = number(Integer.BYTES).getInt();
    if (told != pages || found != expected) {
      throw damaged("its checksum or its number of pages is wrong");
    }
  }

  /** The reader has compared its own digest when it says that nothing more comes. */
  private void mustBeOver() throws IOException {
    if (buffer.hasRemaining() || image.read(buffer.clear()) >= 0) {
      throw damaged("something follows its end");
    }
  }

  private String name() throws IOException {
    return new String(bytes(unsignedByte()), StandardCharsets.US_ASCII);
  }

  private int unsignedByte() throws IOException {
    return number(1).get() & 0xff;
  }

  private ByteBuffer number(int length) throws IOException {
    return ByteBuffer.wrap(bytes(length));
  }

  private byte[] bytes(int length) throws IOException {
    byte[] bytes = new byte[length];
    int done = 0;
    while (done < length) {
      if (!buffer.hasRemaining()) {
        fill();
      }
      int n = Math.min(buffer.remaining(), length - done);
      buffer.get(bytes, done, n);
      done += n;
    }
    crc.update(bytes);
    return bytes;
  }

  private void fill() throws IOException {
    if (image.read(buffer.clear()) < 0) {
      buffer.limit(0);
      throw damaged("it ends too early");
    }
    buffer.flip();
  }

  private static DamagedSnapshotException damaged(String what) {
    return new DamagedSnapshotException("the image cannot be loaded: " + what);
  }
}
