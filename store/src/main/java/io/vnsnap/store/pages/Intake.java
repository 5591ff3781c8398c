package io.vnsnap.store.pages;

import io.vnsnap.store.pack.Packer;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
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
  private final int workers;
  private final Supplier<Lane> newLane;
  private final List<Lane> lanes = new CopyOnWriteArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private boolean closed;

  Intake(Packer packer, Stage stage, int workers, Supplier<Lane> newLane) {
    this.packer = packer;
    this.stage = stage;
    this.workers = workers;
    this.newLane = newLane;
  }

  /** Starts the workers unless they run: many stores are only read. */
  synchronized void start() {
    for (int i = threads.size(); i < workers && !closed; i++) {
      Lane lane = newLane.get();
      lanes.add(lane);
      threads.add(Thread.ofPlatform().daemon().name("vnsnap-store-" + i).start(() -> run(lane)));
    }
  }

  Stage stage() {
    return stage;
  }

  /** Takes a batch from its writer. */
  synchronized void send(Batch batch) {
    batch.session().batchSent();
    queue.add(batch);
    if (closed) {
      giveUpWaiting();
    }
  }

  private void giveUpWaiting() {
    for (Batch batch = queue.poll(); batch != null; batch = queue.poll()) {
      batch.session().fail(new IOException("the store was closed while an image was written"));
      done(batch);
    }
  }

  private void done(Batch batch) {
    stage.giveBack(batch.slab());
    batch.session().batchDone();
  }

  private void run(Lane lane) {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        Batch batch = queue.take();
        try {
          lane.work(batch);
        } finally {
          done(batch);
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
    List<Thread> running;
    synchronized (this) {
      closed = true;
      giveUpWaiting();
      running = List.copyOf(threads);
    }
    running.forEach(Thread::interrupt);
    boolean interrupted = false;
    for (Thread thread : running) {
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
