package io.vnsnap.vm.qemu.lazy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Where pages leave: one batch at a time, in the order in which they came, so that an answer waits
 * for one batch at most. For any thread; blocks while QEMU does not read.
 */
final class Outlet {
  private final Wire wire;
  private final SentPages sent;
  private final PageRecords records;
  private final ReentrantLock lock = new ReentrantLock(true);
  private final Condition allWritten = lock.newCondition();
  private volatile long written;
  private volatile boolean closed;

  Outlet(Wire wire, SentPages sent, PageRecords records) {
    this.wire = wire;
    this.sent = sent;
    this.records = records;
  }

  /** Pages written so far. */
  long written() {
    return written;
  }

  /** The stream up to its first page; before anything else. */
  void open(ByteBuffer opening) throws IOException {
    lock.lock();
    try {
      wire.write(opening);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sends what is in the batch and was not sent yet.
   *
   * @return pages sent
   */
  int send(Batch batch) throws IOException {
    lock.lock();
    try {
      int pages = batch.write(wire, sent);
      long sum = written + pages;
      written = sum;
      if (sum == sent.total()) {
        allWritten.signalAll();
      }
      return pages;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the stream when all pages are written. */
  void finish() throws IOException, InterruptedException {
    ByteBuffer end = ByteBuffer.allocateDirect(2 * PageRecords.AROUND_BYTES);
    records.finish(end);
    lock.lock();
    try {
      while (written < sent.total() && !closed) {
        allWritten.await();
      }
      wire.write(end.flip());
    } finally {
      lock.unlock();
    }
  }

  /** Nothing more will be written: whoever waits for the last page must not. */
  void close() {
    closed = true;
    wire.sever();
    lock.lock();
    try {
      allWritten.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
