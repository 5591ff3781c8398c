package io.vnsnap.vm.qemu.lazy;

import io.vnsnap.store.ImageReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Supplier;

/**
 * Sends all pages that nobody asks for: first those that earlier starts needed, in their order,
 * then the others as they lie in the store, at last those of zeros. Blocks; runs on a thread of its
 * own.
 */
final class Pushing {
  private final ImageReader image;
  private final SentPages sent;
  private final Outlet outlet;
  private final Batch batch;
  private final Supplier<StartOrder> earlier;
  private final Restraint restraint;

  /**
   * @param batch belongs to this object
   * @param earlier what earlier starts needed; may block
   */
  Pushing(
      ImageReader image,
      SentPages sent,
      Outlet outlet,
      Batch batch,
      Supplier<StartOrder> earlier,
      Restraint restraint) {
    this.image = image;
    this.sent = sent;
    this.outlet = outlet;
    this.batch = batch;
    this.earlier = earlier;
    this.restraint = restraint;
  }

  /** Until the stream is written to its end. */
  void run(ByteBuffer opening) throws IOException, InterruptedException {
    outlet.open(opening);
    pushKnown(earlier.get());
    pushRest();
    pushZeros();
    outlet.finish();
  }

  private void pushKnown(StartOrder known) throws IOException {
    for (int run = 0; run < known.runs(); run++) {
      int block = known.block(run);
      long first = known.first(run);
      for (long page = first; page < first + known.pages(run); page++) {
        if (!sent.claimed(block, page)) {
          batch.add(block, page);
          sendWhenFull();
        }
      }
    }
    flush();
  }

  private void pushRest() throws IOException {
    try (ImageReader.PageScan scan = scan()) {
      while (next(scan)) {
        if (!sent.claimed(scan.block(), scan.page())) {
          batch.add(scan.block(), scan.page(), scan.content());
          sendWhenFullAndQuiet();
        }
      }
    }
    flush();
  }

  private ImageReader.PageScan scan() throws PageLostException {
    try {
      return image.scan();
    } catch (IOException | RuntimeException e) {
      throw new PageLostException("the first page", e);
    }
  }

  private boolean next(ImageReader.PageScan scan) throws PageLostException {
    try {
      return scan.next();
    } catch (IOException | RuntimeException e) {
      throw new PageLostException("the next page", e);
    }
  }

  /** All that is left, one that a scan did not name included. */
  private void pushZeros() throws IOException {
    for (int block = 0; block < sent.blocks(); block++) {
      long pages = sent.pagesOf(block);
      for (long page = sent.nextUnclaimed(block, 0);
          page < pages;
          page = sent.nextUnclaimed(block, page + 1)) {
        batch.add(block, page);
        sendWhenFullAndQuiet();
      }
    }
    flush();
  }

  private void sendWhenFullAndQuiet() throws IOException {
    if (batch.isFull()) {
      restraint.await();
      flush();
    }
  }

  private void sendWhenFull() throws IOException {
    if (batch.isFull()) {
      flush();
    }
  }

  private void flush() throws IOException {
    if (!batch.isEmpty()) {
      outlet.send(batch);
      batch.clear();
    }
  }
}
