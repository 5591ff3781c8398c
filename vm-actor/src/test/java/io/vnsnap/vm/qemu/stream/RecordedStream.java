package io.vnsnap.vm.qemu.stream;

import io.vnsnap.store.ImageReader;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/** A small stream as QEMU writes it, and what is in it. Written without the code under test. */
public final class RecordedStream {
  static final int PAGE = 4096;
  static final List<ImageReader.Block> BLOCKS =
      List.of(
          new ImageReader.Block("pc.ram", 6 * PAGE),
          new ImageReader.Block("/rom@etc/acpi/tables", 2 * PAGE),
          new ImageReader.Block("vga.vram", 3 * PAGE));

  /** Who wrote it, and how. */
  public enum Kind {
    INSTANT_7(false, false),
    INSTANT_10(false, true),
    ROUNDS_7(true, false),
    ROUNDS_10(true, true);

    final boolean rounds;
    final boolean ten;

    Kind(boolean rounds, boolean ten) {
      this.rounds = rounds;
      this.ten = ten;
    }
  }

  /** The last content of each page; those without are zeros. */
  final List<SortedMap<Long, byte[]>> pages = new ArrayList<>();

  /** Positions at which something other than the content of a page lies. */
  final List<Integer> structure = new ArrayList<>();

  /** Pages in the stream, and those of zeros among them. */
  int pageEntries;

  int zeroEntries;
  byte[] prefix = {};
  byte[] tail = {};

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final DataOutputStream out = new DataOutputStream(bytes);
  private final Random random;
  private final List<Integer> contents = new ArrayList<>();
  private int current = -1;
  private int firstPage = -1;

  private RecordedStream(long seed) {
    random = new Random(seed);
    BLOCKS.forEach(block -> pages.add(new TreeMap<>()));
  }

  /** A stream that the seed decides. */
  public static RecordedStream of(Kind kind, long seed) {
    RecordedStream stream = new RecordedStream(seed);
    try {
      stream.write(kind);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return stream;
  }

  /** Where the first entry of a page begins. */
  public int firstPageAt() {
    return firstPage;
  }

  /** The stream. */
  public byte[] bytes() {
    return bytes.toByteArray();
  }

  private void write(Kind kind) throws IOException {
    out.writeInt(0x5145564d);
    out.writeInt(3);
    out.writeByte(7);
    String machine = kind.ten ? "pc-i440fx-10.0" : "pc-i440fx-7.2";
    out.writeInt(machine.length());
    out.writeBytes(machine);
    prefix = bytes();
    blockList(kind);
    for (int section = 0; section < 3; section++) {
      out.writeByte(2);
      out.writeInt(3);
      somePages(kind);
      endOfSection();
    }
    if (kind.rounds) {
      if (kind.ten) {
        out.write(new byte[] {8, 0, 11, 0, 0});
      }
      out.writeByte(3);
      out.writeInt(3);
      somePages(kind);
      endOfSection();
    }
    int devices = bytes.size();
    devices();
    byte[] all = bytes();
    tail = Arrays.copyOfRange(all, devices, all.length);
    noteStructure(all);
  }

  private void blockList(Kind kind) throws IOException {
    out.writeByte(1);
    out.writeInt(3);
    out.write(new byte[] {3, 'r', 'a', 'm', 0, 0, 0, 0, 0, 0, 0, 4});
    out.writeLong(BLOCKS.stream().mapToLong(ImageReader.Block::bytes).sum() | 4);
    for (ImageReader.Block block : BLOCKS) {
      name(block);
      out.writeLong(block.bytes());
    }
    if (kind.ten) {
      out.writeLong(0x200);
    }
    endOfSection();
  }

  private void somePages(Kind kind) throws IOException {
    int count = random.nextInt(5);
    for (int i = 0; i < count; i++) {
      int block = random.nextInt(BLOCKS.size());
      long page = random.nextInt((int) (BLOCKS.get(block).bytes() / PAGE));
      // A capture without rounds gives each page once.
      if (kind.rounds || !pages.get(block).containsKey(page)) {
        page(block, page);
      }
    }
    if (kind.ten) {
      out.writeLong(0x200);
    }
  }

  private void page(int block, long page) throws IOException {
    boolean zero = random.nextInt(3) == 0;
    firstPage = firstPage < 0 ? bytes.size() : firstPage;
    long flags = (zero ? 2 : 8) | (block == current ? 0x20 : 0);
    out.writeLong(page * PAGE | flags);
    if (block != current) {
      name(BLOCKS.get(block));
      current = block;
    }
    pageEntries++;
    if (zero) {
      out.writeByte(0);
      zeroEntries++;
      pages.get(block).remove(page);
      return;
    }
    byte[] content = new byte[PAGE];
    random.nextBytes(content);
    contents.add(bytes.size());
    out.write(content);
    pages.get(block).put(page, content);
  }

  private void noteStructure(byte[] all) {
    int at = 0;
    for (int content : contents) {
      for (; at < content; at++) {
        structure.add(at);
      }
      at = content + PAGE;
    }
    for (; at < all.length; at++) {
      structure.add(at);
    }
  }

  private void name(ImageReader.Block block) throws IOException {
    out.writeByte(block.name().length());
    out.writeBytes(block.name());
  }

  private void endOfSection() throws IOException {
    out.writeLong(0x10);
    out.writeByte(0x7e);
    out.writeInt(3);
  }

  private void devices() throws IOException {
    for (String device : List.of("timer", "cpu_common", "0000:00:03.0/virtio-net")) {
      out.writeByte(4);
      out.writeInt(device.length());
      out.writeByte(device.length());
      out.writeBytes(device);
      out.writeInt(0);
      out.writeInt(1);
      byte[] state = new byte[random.nextInt(60)];
      random.nextBytes(state);
      out.write(state);
      out.writeByte(0x7e);
      out.writeInt(device.length());
    }
    out.writeByte(0);
    out.writeByte(6);
    byte[] json = "{\"page_size\": 4096, \"devices\": [{}]}".getBytes(StandardCharsets.US_ASCII);
    out.writeInt(json.length);
    out.write(json);
  }
}
