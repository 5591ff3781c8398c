package io.vnsnap.vm.qemu;

import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** An image whose pages come in the order of a scan only when a gate is opened, or never. */
final class GatedImage implements ImageReader {
  /** What becomes of pages that are asked for once the gate is shut for good. */
  enum Fault {
    NONE,
    DAMAGED,
    UNREACHABLE
  }

  private static final int PATIENCE_S = 60;

  private final ImageReader image;
  private final CountDownLatch gate;
  private volatile Fault fault = Fault.NONE;

  GatedImage(ImageReader image, CountDownLatch gate) {
    this.image = image;
    this.gate = gate;
  }

  void fail(Fault how) {
    fault = how;
  }

  private void check() throws IOException {
    switch (fault) {
      case NONE -> {
        // All is well.
      }
      case DAMAGED -> throw new DamagedSnapshotException("image web-1 does not match its checksum");
      case UNREACHABLE -> throw new IOException("place /store: Stale file handle");
    }
  }

  @Override
  public long bytes() {
    return image.bytes();
  }

  @Override
  public List<Block> blocks() {
    return image.blocks();
  }

  @Override
  public boolean isZero(int block, long page) {
    return image.isZero(block, page);
  }

  @Override
  public void read(int block, long page, ByteBuffer into) throws IOException {
    check();
    image.read(block, page, into);
  }

  @Override
  public PageScan scan() throws IOException {
    try {
      if (!gate.await(PATIENCE_S, TimeUnit.SECONDS)) {
        throw new IOException("the gate was not opened");
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    check();
    return image.scan();
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    return image.read(into);
  }

  @Override
  public void close() throws IOException {
    image.close();
  }
}
