package io.vnsnap.vm.qemu;

import io.netty.channel.unix.Socket;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.qemu.stream.ImageSink;
import io.vnsnap.vm.qemu.stream.StreamCounts;
import io.vnsnap.vm.qemu.stream.StreamOutline;
import io.vnsnap.vm.qemu.stream.StreamParser;
import io.vnsnap.vm.qemu.stream.StreamSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Takes apart what QEMU writes of a capture and gives it to the store. {@link #run} does the work
 * on a thread that may block; the other methods are for any thread and do not.
 *
 * <p>Once begun it reads until QEMU closes its end, also when the image has been given up and what
 * comes is thrown away: see {@link QemuCapture} for why. A stream that is not understood, and a
 * store that fails, are reasons to give it up.
 */
final class CaptureStream {
  /** More than QEMU's set-up section, for a stream that is not understood any more. */
  private static final int PAGES_COME_BYTES = 16 * 1024;

  private static final int ASIDE_BYTES = 64 * 1024;

  private final ImageWriter writer;
  private final StreamParser parser;
  private final ByteBuffer buffer;
  private final Socket socket;
  private final Pace pace;
  private final ReentrantLock closing = new ReentrantLock();
  private final AtomicBoolean decided = new AtomicBoolean();
  private final CompletableFuture<Void> begun = new CompletableFuture<>();
  private final CompletableFuture<Void> pagesCome = new CompletableFuture<>();
  private final CompletableFuture<Void> verdict = new CompletableFuture<>();
  private final CompletableFuture<ImageWriter.Committed> committed = new CompletableFuture<>();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private long fillingLeft;
  private long seen;
  private boolean notUnderstood;
  private boolean closed;
  private volatile boolean givenUp;
  private volatile StreamCounts counts = StreamCounts.NONE;
  private volatile long bytes;
  private volatile long stalledNanos;
  private volatile boolean drained;

  /**
   * @param writer closed when the stream ends
   * @param buffer direct; belongs to this stream until it ends
   * @param socket blocking; closed when the stream ends
   * @param pace how far it may read
   */
  CaptureStream(ImageWriter writer, ByteBuffer buffer, Socket socket, Pace pace) {
    this.writer = writer;
    this.parser = new StreamParser(new Kept());
    this.buffer = buffer;
    this.socket = socket;
    this.pace = pace;
  }

  /** How far it may read. */
  Pace pace() {
    return pace;
  }

  /** Whether its thread is done. */
  boolean isOver() {
    return ended.isDone();
  }

  /** Before {@link #run}: so many bytes come first on the socket that are not QEMU's. */
  void skipFirst(long filling) {
    fillingLeft = filling;
  }

  /** Lets reading begin. */
  void begin() {
    begun.complete(null);
  }

  /** QEMU says that it has written everything: the image may be committed once it is read. */
  void approve() {
    verdict.complete(null);
  }

  /**
   * The image is not wanted any more. No effect once it is being committed.
   *
   * @return whether it is not being committed, now or earlier
   */
  boolean giveUp(Throwable why) {
    if (decided.compareAndSet(false, true)) {
      givenUp = true;
      committed.completeExceptionally(why);
    }
    verdict.completeExceptionally(why);
    begun.complete(null);
    return givenUp;
  }

  /** Ends reading; only when QEMU has not begun to write. */
  void sever() {
    closing.lock();
    try {
      if (!closed) {
        socket.shutdown(true, true);
      }
    } catch (IOException e) {
      // The other end is gone already, and reading ends by that.
      giveUp(e);
    } finally {
      closing.unlock();
    }
  }

  /** Completes when pages are on the stream. */
  CompletionStage<Void> pagesCome() {
    return pagesCome;
  }

  /** Completes when the image is durable; fails as soon as it is known that it never will be. */
  CompletionStage<ImageWriter.Committed> committed() {
    return committed;
  }

  /** Completes when the thread is done with writer, buffer and socket; never fails. */
  CompletionStage<Void> ended() {
    return ended;
  }

  /** Bytes of the image that the writer has taken so far. */
  long bytes() {
    return bytes;
  }

  /** What has come on the stream so far, as long as it was understood. */
  StreamCounts counts() {
    return counts;
  }

  /** How long the stream has waited for the store so far. */
  long stalledNanos() {
    return stalledNanos;
  }

  /** Whether QEMU has closed its end, and everything before that has been taken. */
  boolean drained() {
    return drained;
  }

  /** Reads to the end, waits for QEMU's word, commits. Blocks; call once. */
  void run() {
    try (writer) {
      begun.get();
      pump();
      drained = true;
      verdict.get();
      parser.finish();
      if (decided.compareAndSet(false, true)) {
        committed.complete(writer.commit());
      }
    } catch (ExecutionException e) {
      committed.completeExceptionally(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      committed.completeExceptionally(new CancellationException("interrupted"));
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      committed.completeExceptionally(e);
    } finally {
      closeSocket();
      pagesCome.completeExceptionally(new IOException("the stream ended"));
      ended.complete(null);
      pace.release();
    }
  }

  private void pump() throws IOException, InterruptedException {
    for (int n = read(); n >= 0; n = read()) {
      int skip = (int) Math.min(fillingLeft, n);
      fillingLeft -= skip;
      seen += n - skip;
      if (n > skip && !notUnderstood) {
        take(buffer.clear().position(skip).limit(n));
      }
      if (notUnderstood && seen >= PAGES_COME_BYTES) {
        pagesCome.complete(null);
      }
    }
  }

  private int read() throws IOException, InterruptedException {
    int most = pace.next(counts.pages(), seen, buffer.capacity());
    return socket.read(buffer, 0, most);
  }

  /**
   * Throws away what comes while {@link #run} is stuck in the store: as long as nobody reads, QEMU
   * and the guest stand still. Blocks; only after {@link #giveUp}.
   */
  void drainAside() {
    ByteBuffer scrap = ByteBuffer.allocateDirect(ASIDE_BYTES);
    try {
      while (socket.read(scrap, 0, scrap.capacity()) >= 0) {
        // Thrown away.
      }
    } catch (IOException e) {
      giveUp(e);
    }
  }

  private void take(ByteBuffer content) {
    try {
      parser.feed(content);
      counts = parser.counts();
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      notUnderstood = true;
      // Pages are not counted any more.
      pace.halt();
      giveUp(e);
    }
    bytes = writer.bytes();
    stalledNanos = writer.stalledNanos();
  }

  /** Gives everything to the writer until it is not wanted any more. */
  private final class Kept implements StreamSink {
    private final ImageSink image = new ImageSink(writer);

    @Override
    public void block(String name, long length) throws IOException {
      if (!givenUp) {
        image.block(name, length);
      }
    }

    @Override
    public void page(int block, long page, ByteBuffer content) throws IOException {
      pagesCome.complete(null);
      if (!givenUp) {
        image.page(block, page, content);
      }
    }

    @Override
    public void zeroPage(int block, long page) throws IOException {
      pagesCome.complete(null);
      if (!givenUp) {
        image.zeroPage(block, page);
      }
    }

    @Override
    public void outline(StreamOutline outline) throws IOException {
      if (!givenUp) {
        image.outline(outline);
      }
    }

    @Override
    public void rest(ByteBuffer content) throws IOException {
      if (!givenUp) {
        image.rest(content);
      }
    }
  }

  private void closeSocket() {
    closing.lock();
    try {
      closed = true;
      socket.close();
    } catch (IOException e) {
      committed.completeExceptionally(e);
    } finally {
      closing.unlock();
    }
  }
}
