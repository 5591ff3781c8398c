package io.vnsnap.vm.qemu.lazy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Gives QEMU what it asks for: the guest stands still until then. Blocks; runs on a thread of its
 * own.
 *
 * <p>A page alone first; when nothing else is asked for, the pages after it, which are wanted next
 * more often than not and lie together in the store.
 */
final class Answering {
  private final Wire wire;
  private final SentPages sent;
  private final Outlet outlet;
  private final RequestDecoder decoder;
  private final Batch batch;
  private final int near;
  private final Restraint restraint;
  private final Latency latency = new Latency();
  private final StartOrder.Recorder order = new StartOrder.Recorder();
  private long needless;

  /**
   * @param batch belongs to this object
   * @param near how many pages after a requested one are sent along
   */
  Answering(
      Wire wire,
      SentPages sent,
      Outlet outlet,
      RequestDecoder decoder,
      Batch batch,
      int near,
      Restraint restraint) {
    this.wire = wire;
    this.sent = sent;
    this.outlet = outlet;
    this.decoder = decoder;
    this.batch = batch;
    this.near = near;
    this.restraint = restraint;
  }

  /** Until QEMU says that it needs nothing any more. */
  void run() throws IOException {
    ByteBuffer in = ByteBuffer.allocateDirect(RequestDecoder.BUFFER_BYTES);
    while (true) {
      if (wire.read(in) < 0) {
        throw new IOException("QEMU ended the connection before it had all pages");
      }
      long arrived = System.nanoTime();
      in.flip();
      Request.Pages last = null;
      for (Optional<Request> next = decoder.next(in); next.isPresent(); next = decoder.next(in)) {
        switch (next.get()) {
          case Request.Pages pages -> {
            answer(pages, arrived);
            last = pages;
          }
          case Request.Pong pong -> {
            // It goes on by itself.
          }
          case Request.Shut shut -> {
            checkEnd(shut);
            return;
          }
        }
      }
      in.compact();
      if (last != null) {
        restraint.asked();
        sendNear(last);
      }
    }
  }

  private void checkEnd(Request.Shut shut) throws IOException {
    if (shut.status() != 0) {
      throw new IOException("QEMU could not take the memory: status " + shut.status());
    }
    if (outlet.written() < sent.total()) {
      throw new IOException("QEMU ended loading before it had all pages");
    }
  }

  private void answer(Request.Pages asked, long arrivedNanos) throws IOException {
    int found = 0;
    batch.clear();
    for (long page = asked.first(); page < asked.first() + asked.pages(); page++) {
      if (sent.claimed(asked.block(), page)) {
        found++;
        continue;
      }
      batch.add(asked.block(), page);
      order.needed(asked.block(), page, 1);
      if (batch.isFull()) {
        outlet.send(batch);
        batch.clear();
      }
    }
    if (!batch.isEmpty()) {
      outlet.send(batch);
    }
    if (found == asked.pages()) {
      needless++;
    }
    latency.add(System.nanoTime() - arrivedNanos);
  }

  private void sendNear(Request.Pages asked) throws IOException {
    int block = asked.block();
    long from = asked.first() + asked.pages();
    long to = Math.min(from + near, sent.pagesOf(block));
    batch.clear();
    for (long page = from; page < to && !batch.isFull(); page++) {
      if (!sent.claimed(block, page)) {
        batch.add(block, page);
        order.needed(block, page, 1);
      }
    }
    if (!batch.isEmpty()) {
      outlet.send(batch);
    }
  }

  /** When {@link #run} has returned. */
  StartOrder order() {
    return order.order();
  }

  /** When {@link #run} has returned. */
  Account account(StartOrder known) {
    return new Account(
        sent.total(),
        known.pages(),
        latency.count(),
        needless,
        latency.atMostNanos(0.5),
        latency.atMostNanos(0.99),
        latency.maxNanos());
  }
}
