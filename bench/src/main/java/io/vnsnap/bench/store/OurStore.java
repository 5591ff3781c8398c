package io.vnsnap.bench.store;

import io.vnsnap.proto.ImageRecord;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.pages.PageStore;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The page store in a folder of its own. */
final class OurStore implements AutoCloseable {
  private static final long MAPPED_BYTES = 1 << 30;
  private static final String HOST = "bench";

  private final Path folder;
  private final PageStore store;
  private double stalledSeconds;

  OurStore(Path folder) throws IOException {
    this.folder = folder;
    this.store = PageStore.inDirectory(folder, HOST);
  }

  /** An image that was stored. */
  record Stored(Measured measured, ImageRecord image) {}

  /**
   * Stores a file as the memory of one VM. The clock starts when it is mapped and in memory: a
   * capture, too, finds its pages in memory, and page faults of a mapping are not the store's.
   */
  Stored write(String id, Path file) throws IOException {
    List<MappedByteBuffer> memory = mapped(file);
    long before = bytes();
    long begun = System.nanoTime();
    long cpu = cpuNanos();
    ImageWriter.Committed committed;
    try (ImageWriter writer = store.writeImage(ImageTarget.of(id, HOST, "vm"))) {
      int block = writer.block("ram", Files.size(file));
      long page = 0;
      for (ByteBuffer part : memory) {
        int length = part.capacity();
        for (int at = 0; at < length; at += SyntheticImage.PAGE) {
          writer.page(block, page++, part.limit(at + SyntheticImage.PAGE).position(at));
        }
      }
      committed = writer.commit();
      stalledSeconds = writer.stalledNanos() / 1e9;
    }
    double seconds = (System.nanoTime() - begun) / 1e9;
    double cpuSeconds = (cpuNanos() - cpu) / 1e9;
    return new Stored(
        new Measured(seconds, cpuSeconds, bytes() - before),
        ImageRecord.newBuilder()
            .setVm("vm")
            .setBytes(committed.bytes())
            .setSha256(committed.sha256())
            .setObject(committed.object())
            .build());
  }

  private static List<MappedByteBuffer> mapped(Path file) throws IOException {
    List<MappedByteBuffer> parts = new ArrayList<>();
    try (FileChannel in = FileChannel.open(file)) {
      for (long begin = 0; begin < in.size(); begin += MAPPED_BYTES) {
        long length = Math.min(MAPPED_BYTES, in.size() - begin);
        parts.add(in.map(FileChannel.MapMode.READ_ONLY, begin, length).load());
      }
    }
    return parts;
  }

  /** How long the last write waited for the stage. */
  double stalledSeconds() {
    return stalledSeconds;
  }

  /** Reads all pages back in the order of the store. */
  Measured read(ImageRecord image) throws IOException {
    long begun = System.nanoTime();
    long cpu = cpuNanos();
    long pages = 0;
    ByteBuffer into = ByteBuffer.allocateDirect(SyntheticImage.PAGE);
    try (ImageReader reader = store.readImage("any", image);
        ImageReader.PageScan scan = reader.scan()) {
      while (scan.next()) {
        ByteBuffer unused = into.clear().put(scan.content());
        pages++;
      }
    }
    return new Measured(
        (System.nanoTime() - begun) / 1e9, (cpuNanos() - cpu) / 1e9, pages * SyntheticImage.PAGE);
  }

  private long bytes() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).mapToLong(OurStore::size).sum();
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      return 0; // Merged and removed meanwhile.
    }
  }

  private static long cpuNanos() {
    var machine =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return machine.getProcessCpuTime();
  }

  @Override
  public void close() throws IOException {
    store.close();
  }
}
