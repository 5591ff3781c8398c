package io.vnsnap.store.pages;

import io.vnsnap.store.pack.Packer;
import java.io.Closeable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;

/**
 * The workers that hash, compare, compress and store what writers have staged. Batches wait in one
 * queue, bounded by the stage that their memory comes from. Safe for use by several threads.
 */
final class Intake implements Closeable {
  private final Packer packer;
  private final Stage stage;
  private final LinkedBlockingQueue<Batch> queue = new LinkedBlockingQueue<>();
  private final List<Lane> lanes = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean closed;

  Intake(Packer packer, Stage stage, int workers, Supplier<Lane> newLane) {
    this.packer = packer;
    this.stage = stage;
    for (int i = 0; i < workers; i++) {
      Lane lane = newLane.get();
      lanes.add(lane);
      threads.add(Thread.ofPlatform().daemon().name("vnsnap-store-" + i).start(() -> run(lane)));
    }
  }

  Stage stage() {
    return stage;
  }

  /** Takes a batch from its writer. */
  void send(Batch batch) {
    batch.session().batchSent();
    queue.add(batch);
  }

  private void run(Lane lane) {
    try {
      while (!closed) {
        Batch batch = queue.take();
        try {
          lane.work(batch);
        } finally {
          stage.giveBack(batch.slab());
          batch.session().batchDone();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // The store is closed.
    }
  }

  /** Brings all that was stored so far to where it becomes durable; does not wait for that. */
  void flush() {
    for (Lane lane : lanes) {
      lane.flush();
    }
    packer.roll();
  }

  @Override
  public void close() {
    closed = true;
    threads.forEach(Thread::interrupt);
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    lanes.forEach(Lane::close);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
