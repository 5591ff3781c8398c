package io.vnsnap.vm.qemu.disk;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.NoSuchSnapshotException;
import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores one disk that nobody writes to. {@link #run} by one thread; {@link #abandon} and {@link
 * #bytes} by any.
 */
public final class DiskCopy {
  private static final Logger log = LoggerFactory.getLogger(DiskCopy.class);

  private final ImageTool tool;
  private final Plan plan;
  private volatile long bytes;
  private volatile boolean abandoned;
  private volatile boolean committing;
  private volatile @Nullable DiskMap map;

  /**
   * What to store.
   *
   * @param name of the disk
   * @param disk its uppermost file
   * @param bytes how long the guest takes it to be
   * @param base its stored state of which only what is in {@code changed} differs; empty: none
   * @param changed files of the chain; anything else of it is as it was stored in {@code base}
   * @param scratch a file that may be made meanwhile
   */
  public record Plan(
      String name,
      ImageTool.Source disk,
      long bytes,
      Optional<DiskRecord> base,
      Set<Path> changed,
      Path scratch) {
    public Plan {
      changed = Set.copyOf(changed);
    }
  }

  public DiskCopy(ImageTool tool, Plan plan) {
    this.tool = tool;
    this.plan = plan;
  }

  /** Bytes of the disk looked at so far. */
  public long bytes() {
    return bytes;
  }

  /** Bytes of the disk in all. */
  public long totalBytes() {
    return plan.bytes();
  }

  /** Whether all of it was given to the store, which makes it durable now. */
  public boolean committing() {
    return committing;
  }

  /** Makes {@link #run} fail soon, unless the store hangs. */
  public void abandon() {
    abandoned = true;
    DiskMap reading = map;
    if (reading != null) {
      reading.close();
    }
  }

  /**
   * Stores the disk, blocking. When its base is not in the store any more, because the snapshot it
   * belonged to was given up or deleted, all of the disk is stored.
   */
  public DiskRecord run(SnapshotStore store, ImageTarget target) throws IOException {
    if (plan.base().isPresent()) {
      try {
        return run(store, target, plan.base());
      } catch (DamagedSnapshotException | NoSuchSnapshotException e) {
        log.info("disk {} of VM {} is stored whole: {}", plan.name(), target.vm(), e.getMessage());
        committing = false;
      }
    }
    return run(store, target, Optional.empty());
  }

  private DiskRecord run(SnapshotStore store, ImageTarget target, Optional<DiskRecord> base)
      throws IOException {
    long blocks = Math.ceilDiv(plan.bytes(), (long) ImageReader.DISK_BLOCK_BYTES);
    try (ImageWriter writer = store.writeDisk(target, plan.name(), base)) {
      int block = writer.block(plan.name(), blocks * ImageReader.DISK_BLOCK_BYTES);
      if (base.isEmpty() || !plan.changed().isEmpty()) {
        copy(writer, block, base.isPresent());
      }
      bytes = plan.bytes();
      checkWanted();
      committing = true;
      ImageWriter.Committed stored = writer.commit();
      committing = false;
      return DiskRecord.newBuilder()
          .setName(plan.name())
          .setObject(stored.object())
          .setBytes(plan.bytes())
          .setSha256(stored.sha256())
          .setAddedBytes(stored.addedBytes())
          .build();
    }
  }

  private void checkWanted() {
    if (abandoned) {
      throw new CancellationException("it was given up");
    }
  }

  private void copy(ImageWriter writer, int block, boolean onlyChanged) throws IOException {
    try (DiskContent content = DiskContent.open(tool, plan.disk(), plan.bytes(), plan.scratch());
        DiskMap reading = DiskMap.open(tool, plan.disk(), plan.bytes())) {
      map = reading;
      if (!content.holds(plan.changed())) {
        throw new IOException("its files are not " + plan.changed() + " any more");
      }
      Predicate<Extent> wanted =
          onlyChanged
              ? extent -> content.file(extent.depth()).filter(plan.changed()::contains).isPresent()
              : extent -> true;
      BlockAssembly assembly =
          new BlockAssembly(
              content,
              wanted,
              onlyChanged ? BlockAssembly.Zeros.GIVEN : BlockAssembly.Zeros.LEFT_OUT,
              writer,
              block,
              plan.bytes());
      for (Extent extent = reading.next(); extent != null; extent = reading.next()) {
        while (assembly.reached() < extent.end()) {
          checkWanted();
          assembly.advance(extent);
          bytes = assembly.reached();
        }
      }
    } finally {
      map = null;
    }
  }
}
