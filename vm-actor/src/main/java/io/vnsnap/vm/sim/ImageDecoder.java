package io.vnsnap.vm.sim;

import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import io.vnsnap.vm.sim.guest.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Reads an image to its last byte. Nobody is trusted: what is allocated is bounded by what was
 * read, names, counts and numbers are checked, and so is the sum over the rest.
 */
final class ImageDecoder {
  private static final int BUFFER_BYTES = 4096;

  private final ImageReader image;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).limit(0);
  private final CRC32C crc = new CRC32C();

  /** Takes what an image holds: pages, then devices. */
  interface Sink {

    /**
     * One page; all others are zeros.
     *
     * @param block of memory
     * @param number of the page, within the block
     * @param content a page; the receiver's
     */
    void page(ImageReader.Block block, long number, byte[] content) throws IOException;

    /** The state of a device. */
    void device(String name, ByteBuffer state) throws IOException;
  }

  private ImageDecoder(ImageReader image) {
    this.image = image;
  }

  /**
   * Reads an image whole. Blocks; does not close it.
   *
   * @throws DamagedSnapshotException if anything about it is wrong
   */
  static void read(ImageReader image, Sink sink) throws IOException {
    ImageDecoder decoder = new ImageDecoder(image);
    decoder.pages(sink);
    decoder.header();
    while (decoder.record(sink)) {
      // The next one.
    }
    decoder.mustBeOver();
  }

  private void pages(Sink sink) throws IOException {
    List<ImageReader.Block> blocks = image.blocks();
    try (ImageReader.PageScan scan = image.scan()) {
      while (scan.next()) {
        ByteBuffer content = scan.content();
        int block = scan.block();
        boolean known = block >= 0 && block < blocks.size();
        if (!known || scan.page() < 0 || content.remaining() != GuestMemory.PAGE) {
          throw damaged("it has no page " + scan.page() + " of block " + block);
        }
        byte[] page = new byte[GuestMemory.PAGE];
        content.get(page);
        sink.page(blocks.get(block), scan.page(), page);
      }
    }
  }

  private void header() throws IOException {
    if (!Arrays.equals(bytes(SimulatedImage.MAGIC.length), SimulatedImage.MAGIC)) {
      throw damaged("it is not the image of a simulated VM");
    }
    int version = number(Short.BYTES).getShort();
    if (version != SimulatedImage.VERSION) {
      throw damaged("it has version " + version + ", known is " + SimulatedImage.VERSION);
    }
  }

  private boolean record(Sink sink) throws IOException {
    int kind = unsignedByte();
    switch (kind) {
      case SimulatedImage.DEVICE -> device(sink);
      case SimulatedImage.END -> {
        end();
        return false;
      }
      default -> throw damaged("it has a record of unknown kind " + kind);
    }
    return true;
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
    int expected = (int) crc.getValue();
    if (number(Integer.BYTES).getInt() != expected) {
      throw damaged("its checksum is wrong");
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
