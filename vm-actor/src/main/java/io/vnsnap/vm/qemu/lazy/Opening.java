package io.vnsnap.vm.qemu.lazy;

import io.vnsnap.store.ImageReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What comes on the stream before the first page: everything a VM needs to be resumed but its
 * memory. (QEMU, migration/savevm.c: commands of the migration stream; migration/ram.c: its RAM
 * section.)
 *
 * <p>Design note. The order is QEMU's own, with two things that are easily missed. A page is
 * discarded though none was sent, because only the first discard takes QEMU from "postcopy was
 * announced" to "postcopy": without it the loader of ordinary migrations reads on and waits for
 * ever. And what belongs to the devices goes in one package, which QEMU takes off the stream whole
 * before it looks into it: while it loads the devices the stream is free for pages, which the
 * devices may already ask for.
 */
public final class Opening {
  /** Most bytes of the package: QEMU 7.2 takes no more. */
  static final int MAX_PACKAGE_BYTES = 1 << 24;

  private static final int OPEN_RETURN_PATH = 1;
  private static final int PING = 2;
  private static final int ADVISE = 3;
  private static final int LISTEN = 4;
  private static final int RUN = 5;
  private static final int DISCARD = 6;
  private static final int PACKAGED = 7;

  private static final int RAM_VERSION = 4;
  private static final int COMMAND_BYTES = 5;
  private static final int MAX_COMMAND_DATA = 300;
  private static final int COMMANDS = 9;

  private Opening() {}

  /**
   * Composes it.
   *
   * @param start the stream's first bytes, up to and without the RAM section: header and
   *     configuration
   * @param section number of the RAM section
   * @param blocks of memory, in the order in which the image has them
   * @param devices sections of all devices, byte for byte, without the end of the stream
   * @throws IllegalArgumentException if QEMU could not take so much
   */
  public static ByteBuffer compose(
      ByteBuffer start, int section, List<ImageReader.Block> blocks, ByteBuffer devices) {
    if (blocks.isEmpty() || devices.remaining() > MAX_PACKAGE_BYTES - MAX_COMMAND_DATA) {
      throw new IllegalArgumentException(
          "a VM with %d blocks of memory and %d bytes of devices cannot be loaded lazily"
              .formatted(blocks.size(), devices.remaining()));
    }
    int room =
        start.remaining()
            + devices.remaining()
            + COMMANDS * (COMMAND_BYTES + MAX_COMMAND_DATA)
            + (blocks.size() + 1) * MAX_COMMAND_DATA;
    ByteBuffer out = ByteBuffer.allocateDirect(room);
    out.put(start.duplicate());
    command(out, OPEN_RETURN_PATH, 0);
    ping(out, 1);
    command(out, ADVISE, 2 * Long.BYTES)
        .putLong(ImageReader.PAGE_BYTES)
        .putLong(ImageReader.PAGE_BYTES);
    ramSetUp(out, section, blocks);
    discardFirstPage(out, blocks.getFirst());
    ping(out, 2);
    int length = 2 * COMMAND_BYTES + COMMAND_BYTES + Integer.BYTES + devices.remaining();
    command(out, PACKAGED, Integer.BYTES).putInt(length);
    command(out, LISTEN, 0);
    out.put(devices.duplicate());
    ping(out, 3);
    command(out, RUN, 0);
    return out.flip();
  }

  private static void ramSetUp(ByteBuffer out, int section, List<ImageReader.Block> blocks) {
    out.put(PageRecords.SECTION_START).putInt(section);
    name(out, "ram").putInt(0).putInt(RAM_VERSION);
    long total = blocks.stream().mapToLong(ImageReader.Block::bytes).sum();
    out.putLong(total | PageRecords.FLAG_BLOCKS);
    for (ImageReader.Block block : blocks) {
      name(out, block.name()).putLong(block.bytes());
    }
    PageRecords.endSection(out, section);
  }

  /** Version, name with an end, and one range: start and length. */
  private static void discardFirstPage(ByteBuffer out, ImageReader.Block block) {
    int length = 1 + 1 + block.name().length() + 1 + 2 * Long.BYTES;
    command(out, DISCARD, length).put((byte) 0);
    name(out, block.name()).put((byte) 0).putLong(0).putLong(ImageReader.PAGE_BYTES);
  }

  private static void ping(ByteBuffer out, int number) {
    command(out, PING, Integer.BYTES).putInt(number);
  }

  private static ByteBuffer command(ByteBuffer out, int command, int length) {
    return out.put(PageRecords.COMMAND).putShort((short) command).putShort((short) length);
  }

  private static ByteBuffer name(ByteBuffer out, String name) {
    byte[] ascii = name.getBytes(StandardCharsets.US_ASCII);
    return out.put((byte) ascii.length).put(ascii);
  }
}
