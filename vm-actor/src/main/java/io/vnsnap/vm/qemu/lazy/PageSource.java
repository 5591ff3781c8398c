package io.vnsnap.vm.qemu.lazy;

import io.vnsnap.store.ImageReader;
import io.vnsnap.vm.StartHints;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives a VM its memory while it runs already: plays the source of a postcopy migration whose
 * device state is sent and whose pages are left to send.
 *
 * <p>Design note. Two threads, since both block: one answers what QEMU asks for, the other pushes
 * the rest behind. They meet only where pages leave ({@link Outlet}), and there a page is claimed
 * in the moment in which it is written; so whichever has it first sends it, and nobody waits for
 * the other's reading. What may lie between an answer and QEMU is one batch and the socket's
 * buffer; the caller keeps that small.
 *
 * <p>Whatever fails ends everything: QEMU waits for a page that will not come, and its VM is lost.
 */
public final class PageSource {
  private static final Logger log = LoggerFactory.getLogger(PageSource.class);

  private final String vm;
  private final Wire wire;
  private final ImageReader image;
  private final StartHints hints;
  private final SentPages sent;
  private final Outlet outlet;
  private final PageRecords records;
  private final AtomicInteger threads = new AtomicInteger(2);
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private final CompletableFuture<Account> done = new CompletableFuture<>();
  private volatile StartOrder known = StartOrder.UNKNOWN;

  /**
   * A source that has not begun.
   *
   * @param vm its name, for threads and the log
   * @param wire closed when it is done
   * @param image its rest has been read; closed when it is done
   * @param section number of the RAM section
   */
  public PageSource(String vm, Wire wire, ImageReader image, int section, StartHints hints) {
    this.vm = vm;
    this.wire = wire;
    this.image = image;
    this.hints = hints;
    this.sent = new SentPages(image.blocks());
    this.records = new PageRecords(section, image.blocks());
    this.outlet = new Outlet(wire, sent, records);
  }

  /**
   * How much goes at a time, in pages, and when.
   *
   * @param batch pushed: what an answer may have to wait for
   * @param near sent after a page that was asked for
   * @param quiet how long the guest must have asked for nothing before more is pushed
   * @param patience how long may be waited for that in all
   */
  public record Pace(int batch, int near, Duration quiet, Duration patience) {}

  /**
   * Begins to write and to answer.
   *
   * @param opening see {@link Opening}
   */
  public void start(ByteBuffer opening, Pace pace) {
    Restraint restraint = new Restraint(pace.quiet().toNanos(), pace.patience().toNanos());
    Answering answering =
        new Answering(
            wire,
            sent,
            outlet,
            new RequestDecoder(image.blocks()),
            new Batch(image, records, Math.max(1, pace.near())),
            pace.near(),
            restraint);
    Pushing pushing =
        new Pushing(
            image, sent, outlet, new Batch(image, records, pace.batch()), this::known, restraint);
    launch("vnsnap-push-" + vm, () -> pushing.run(opening), answering);
    launch("vnsnap-answer-" + vm, answering::run, answering);
  }

  private interface Work {
    void run() throws IOException, InterruptedException;
  }

  private void launch(String name, Work work, Answering answering) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (IOException | RuntimeException | Error e) {
                abandon(e);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                abandon(e);
              } finally {
                if (threads.decrementAndGet() == 0) {
                  windUp(answering);
                }
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }

  /** Completes when QEMU has everything and all is closed; fails as soon as it never will. */
  public CompletionStage<Account> done() {
    return done.minimalCompletionStage();
  }

  /** Bytes of memory written so far. */
  public long bytes() {
    return outlet.written() * ImageReader.PAGE_BYTES;
  }

  /** Bytes of memory to write in all. */
  public long totalBytes() {
    return sent.total() * ImageReader.PAGE_BYTES;
  }

  /** Ends it before its time; no effect when it is done. For any thread. */
  public void abandon(Throwable why) {
    if (!done.isDone() && failure.compareAndSet(null, why)) {
      outlet.close();
      done.completeExceptionally(why);
    }
  }

  private StartOrder known() {
    try {
      Optional<ByteBuffer> hint = hints.read();
      known =
          hint.flatMap(bytes -> StartOrder.decode(bytes, image.blocks()))
              .orElse(StartOrder.UNKNOWN);
    } catch (IOException | RuntimeException e) {
      log.info("VM {}: what earlier starts needed first is not known: {}", vm, e.toString());
    }
    return known;
  }

  /** On the thread that ends last. */
  private void windUp(Answering answering) {
    boolean well = failure.get() == null;
    if (well) {
      keep(answering.order());
    }
    close(wire::close);
    close(image::close);
    if (well) {
      done.complete(answering.account(known));
    }
  }

  private void keep(StartOrder more) {
    StartOrder next = known.then(more);
    if (next.runs() == known.runs()) {
      return;
    }
    try {
      hints.keep(next.encode());
    } catch (IOException | RuntimeException e) {
      log.info("VM {}: what it needed first is not kept: {}", vm, e.toString());
    }
  }

  private void close(Closing closing) {
    try {
      closing.close();
    } catch (IOException | RuntimeException e) {
      log.warn("VM {}: {}", vm, e.toString());
    }
  }

  private interface Closing {
    void close() throws IOException;
  }
}
