package io.vnsnap.vm.qemu.disk;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The bytes of a disk, read straight from the files they lie in. Ranges that do not lie anywhere as
 * they are, such as compressed clusters of a user's image, are read through {@code qemu-img}, a
 * window at a time, into a temporary file; ranges should therefore come in ascending order. Used by
 * one thread.
 */
final class DiskContent implements Closeable {
  /** Bounds the temporary file, and the runs of the tool: one for each window at most. */
  private static final long WINDOW_BYTES = 64L << 20;

  private final ImageTool tool;
  private final ImageTool.Source disk;
  private final long bytes;
  private final Path scratch;
  private final List<Optional<Path>> chain;
  private final List<Optional<FileChannel>> channels = new ArrayList<>();
  private Optional<FileChannel> window = Optional.empty();
  private long windowStart;
  private long windowEnd;

  private DiskContent(
      ImageTool tool, ImageTool.Source disk, long bytes, Path scratch, List<Optional<Path>> chain) {
    this.tool = tool;
    this.disk = disk;
    this.bytes = bytes;
    this.scratch = scratch;
    this.chain = chain;
    chain.forEach(file -> channels.add(Optional.empty()));
  }

  /**
   * Opens a disk's content.
   *
   * @param bytes length of the disk
   * @param scratch a file that may be made for windows; removed on close
   */
  static DiskContent open(ImageTool tool, ImageTool.Source disk, long bytes, Path scratch)
      throws IOException {
    List<Optional<Path>> chain = new ArrayList<>();
    for (JsonNode file : tool.chain(disk)) {
      chain.add(plainFile(file));
    }
    return new DiskContent(tool, disk, bytes, scratch, chain);
  }

  /** The file in which the data of this element of the chain lies unchanged, if there is one. */
  private static Optional<Path> plainFile(JsonNode element) {
    JsonNode special = element.path("format-specific").path("data");
    String format = element.path("format").asText();
    if (!(format.equals("raw") || format.equals("qcow2"))
        || special.has("data-file")
        || special.has("encrypt")) {
      return Optional.empty();
    }
    String name = element.path("filename").asText();
    return name.startsWith("/") && Files.isRegularFile(Path.of(name))
        ? Optional.of(Path.of(name))
        : Optional.empty();
  }

  /** Whether all of these files are in the chain and can be read as they are. */
  boolean holds(Set<Path> files) {
    return files.stream().allMatch(file -> chain.contains(Optional.of(file)));
  }

  /** The file at this depth of the chain, if its data can be read from it as it is. */
  Optional<Path> file(int depth) {
    return depth < chain.size() ? chain.get(depth) : Optional.empty();
  }

  /**
   * Reads bytes of one extent.
   *
   * @param from first byte in the disk
   * @param into takes as many bytes as remain in it
   */
  void read(Extent extent, long from, ByteBuffer into) throws IOException {
    if (from < extent.start() || into.remaining() > extent.end() - from) {
      throw new IllegalArgumentException(into.remaining() + " bytes at " + from + " of " + extent);
    }
    if (extent.zero()) {
      putZeros(into);
    } else if (extent.offset() >= 0 && file(extent.depth()).isPresent()) {
      readFully(channel(extent.depth()), extent.offset() + (from - extent.start()), into);
    } else {
      readThroughTool(from, into);
    }
  }

  private FileChannel channel(int depth) throws IOException {
    Optional<FileChannel> open = channels.get(depth);
    if (open.isPresent()) {
      return open.get();
    }
    FileChannel channel = FileChannel.open(chain.get(depth).orElseThrow(), StandardOpenOption.READ);
    channels.set(depth, Optional.of(channel));
    return channel;
  }

  private void readThroughTool(long from, ByteBuffer into) throws IOException {
    long at = from;
    int end = into.limit();
    while (into.position() < end) {
      if (at < windowStart || at >= windowEnd) {
        moveWindow(at);
      }
      int n = (int) Math.min(end - into.position(), windowEnd - at);
      into.limit(into.position() + n);
      readFully(window.orElseThrow(), at - windowStart, into);
      into.limit(end);
      at += n;
    }
  }

  private void moveWindow(long from) throws IOException {
    closeWindow();
    // The tool counts in sectors.
    long start = from - from % 512;
    long length = Math.min(WINDOW_BYTES, bytes - start);
    tool.extract(disk, start, length, scratch);
    window =
        Optional.of(
            FileChannel.open(scratch, StandardOpenOption.READ, StandardOpenOption.DELETE_ON_CLOSE));
    windowStart = start;
    windowEnd = start + length;
  }

  /** What lies beyond the end of a file reads as zeros, as it does for QEMU. */
  private static void readFully(FileChannel file, long from, ByteBuffer into) throws IOException {
    long at = from;
    while (into.hasRemaining()) {
      int n = file.read(into, at);
      if (n < 0) {
        putZeros(into);
        return;
      }
      at += n;
    }
  }

  static void putZeros(ByteBuffer into) {
    while (into.remaining() >= Long.BYTES) {
      into.putLong(0);
    }
    while (into.hasRemaining()) {
      into.put((byte) 0);
    }
  }

  private void closeWindow() throws IOException {
    windowEnd = 0;
    windowStart = 0;
    if (window.isPresent()) {
      window.get().close();
      window = Optional.empty();
    }
  }

  @Override
  public void close() throws IOException {
    closeWindow();
    Files.deleteIfExists(scratch);
    for (Optional<FileChannel> channel : channels) {
      if (channel.isPresent()) {
        channel.get().close();
      }
    }
  }
}
