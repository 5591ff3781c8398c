package io.vnsnap.store.pages;

import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.lease.Lease;
import io.vnsnap.store.map.MapWriter;
import io.vnsnap.store.map.PageMap;
import io.vnsnap.store.map.PageTable;
import io.vnsnap.store.record.ObjectNames;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/**
 * What surrounds one image being written: its lease before the first page, its map and the lease
 * once more after the last. Used by one thread.
 */
final class ImageFrame implements PageImageWriter.Frame {
  /** What the index costs for a page. */
  private final StoreParts parts;

  private final ImageTarget target;
  private final String part;
  private final boolean isDisk;
  private final Lease lease;
  private final PageTable table;
  private Optional<PageMap> parent = Optional.empty();

  private ImageFrame(
      StoreParts parts, ImageTarget target, String part, boolean isDisk, Lease lease, int shift) {
    this.parts = parts;
    this.target = target;
    this.part = part;
    this.isDisk = isDisk;
    this.lease = lease;
    this.table = new PageTable(parts.tables(), shift);
  }

  /**
   * Begins an image.
   *
   * @param part its name within the snapshot
   * @param base the disk's earlier image; closed here or with the writer
   */
  static ImageWriter open(
      StoreParts parts, ImageTarget target, String part, int shift, Optional<PageMap> base)
      throws IOException {
    Lease lease;
    try {
      new Sealing(parts).refuseSealed(target.snapshotId(), part);
      lease = parts.leases().open(target.snapshotId(), part);
    } catch (IOException | RuntimeException e) {
      base.ifPresent(PageMap::close);
      throw e;
    }
    boolean isDisk = shift != 12;
    ImageFrame frame = new ImageFrame(parts, target, part, isDisk, lease, shift);
    parts.openLeases().add(lease);
    try {
      return frame.begin(base);
    } catch (IOException | RuntimeException | Error e) {
      base.ifPresent(PageMap::close);
      try {
        frame.end();
      } catch (IOException more) {
        e.addSuppressed(more);
      }
      throw e;
    }
  }

  private ImageWriter begin(Optional<PageMap> base) throws IOException {
    UsablePacks usable =
        UsablePacks.see(parts.place(), parts.leases(), parts.names(), parts.packer());
    parts.index().refresh();
    Optional<PageTable> earlier = Optional.empty();
    Optional<BaseImage> from = Optional.empty();
    if (base.isPresent()) {
      refuseUnlessThere(base.get(), usable);
      from = Optional.of(BaseImage.of(base.get(), usable, parts));
      var unused = base.get().table().retain();
      parent = base;
    } else if (!isDisk) {
      parent = parts.history().find(target.vne(), target.vm());
      earlier = parent.map(map -> map.table().retain());
      if (parent.isPresent() && !isThere(parent.get(), usable)) {
        parent.get().close();
        parent = Optional.empty();
      }
    }
    Session session = new Session(parts.packer(), table, usable, earlier);
    Optional<StagingArea> staging =
        target.staging() == ImageTarget.Staging.MEMORY
            ? Optional.of(
                new StagingArea(parts.stageMemory(), parts.stagingBudget(), table.shift()))
            : Optional.empty();
    return new PageImageWriter(
        parts.intake(), session, from, staging, new UnchangedPages(session, parts.nhHash()), this);
  }

  private void refuseUnlessThere(PageMap base, UsablePacks usable) throws IOException {
    if (!isThere(base, usable)) {
      throw new IOException(
          "%s of VM %s cannot be stored as a change of %s in %s: that was deleted. Store all of it"
              .formatted(
                  part, target.vm(), ObjectNames.image(base.name()), parts.place().describe()));
    }
  }

  private boolean isThere(PageMap map, UsablePacks usable) throws IOException {
    if (usable.isCondemnedImage(map.name())) {
      return false;
    }
    try {
      parts.place().open(ObjectNames.image(map.name())).close();
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  @Override
  public ImageWriter.Committed commit(Session session) throws IOException {
    refuseIfGone();
    long name = parts.random().getAsLong();
    MapWriter.Written written =
        MapWriter.write(
            parts.place(),
            name,
            table,
            parts.names(),
            parent.orElse(null),
            parts.settings().chunkBytes(),
            parts.random().getAsLong());
    refuseIfGone();
    lease.committed(ObjectNames.image(name));
    if (!isDisk) {
      parts.history().keep(target.vne(), target.vm(), written.map());
    }
    parts.tidyIndex();
    return new ImageWriter.Committed(
        table.bytes(),
        written.map().root(),
        ObjectNames.image(name),
        session.added() + written.bytes());
  }

  private void refuseIfGone() throws IOException {
    new Sealing(parts).refuseSealed(target.snapshotId(), part);
    if (!lease.isHeld()) {
      throw new IOException(
          "cannot write %s of snapshot %s in %s: the snapshot was discarded meanwhile"
              .formatted(part, target.snapshotId(), parts.place().describe()));
    }
  }

  @Override
  public void close(Session session) throws IOException {
    session.close();
    end();
  }

  private void end() throws IOException {
    parent.ifPresent(PageMap::close);
    table.close();
    parts.openLeases().remove(lease);
    lease.close();
  }
}
