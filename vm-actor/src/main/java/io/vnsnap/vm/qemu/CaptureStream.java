package io.vnsnap.vm.qemu;

import io.netty.channel.unix.Socket;
import io.vnsnap.store.ImageWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Carries what QEMU writes of a capture into the store. {@link #run} does the work on a thread that
 * may block; the other methods are for any thread and do not.
 */
final class CaptureStream {
  /** More than QEMU's set-up section; so much has come only when pages come. */
  static final int PAGES_COME_BYTES = 16 * 1024;

  private final ImageWriter writer;
  private final ByteBuffer buffer;
  private final Socket socket;
  private final ReentrantLock closing = new ReentrantLock();
  private final CompletableFuture<Void> begun = new CompletableFuture<>();
  private final CompletableFuture<Void> pagesCome = new CompletableFuture<>();
  private final CompletableFuture<Void> verdict = new CompletableFuture<>();
  private final CompletableFuture<ImageWriter.Committed> committed = new CompletableFuture<>();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private long fillingLeft;
  private boolean closed;
  private volatile long bytes;
  private volatile boolean drained;

  /**
   * @param writer closed when the stream ends
   * @param buffer direct; belongs to this stream until it ends
   * @param socket blocking; closed when the stream ends
   */
  CaptureStream(ImageWriter writer, ByteBuffer buffer, Socket socket) {
    this.writer = writer;
    this.buffer = buffer;
    this.socket = socket;
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

  /** Ends the stream; the image is discarded. No effect once it is being committed. */
  void giveUp(Throwable why) {
    verdict.completeExceptionally(why);
    begun.completeExceptionally(why);
    closing.lock();
    try {
      if (!closed) {
        socket.shutdown(true, true);
      }
    } catch (IOException e) {
      // The other end is gone already, and reading ends by that.
      committed.completeExceptionally(e);
    } finally {
      closing.unlock();
    }
  }

  /** Completes when pages are on the stream. */
  CompletionStage<Void> pagesCome() {
    return pagesCome;
  }

  /** Completes when the image is durable; fails if it never will be. */
  CompletionStage<ImageWriter.Committed> committed() {
    return committed;
  }

  /** Completes when the thread is done with writer, buffer and socket; never fails. */
  CompletionStage<Void> ended() {
    return ended;
  }

  /** Bytes given to the writer so far. */
  long bytes() {
    return bytes;
  }

  /** Whether everything that QEMU wrote has been given to the writer. */
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
      committed.complete(writer.commit());
    } catch (ExecutionException e) {
      committed.completeExceptionally(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      committed.completeExceptionally(new CancellationException("interrupted"));
    } catch (IOException | RuntimeException e) {
      committed.completeExceptionally(e);
    } finally {
      closeSocket();
      pagesCome.completeExceptionally(new IOException("the stream ended"));
      ended.complete(null);
    }
  }

  private void pump() throws IOException {
    while (true) {
      int n = socket.read(buffer, 0, buffer.capacity());
      if (n < 0) {
        return;
      }
      int skip = (int) Math.min(fillingLeft, n);
      fillingLeft -= skip;
      if (n > skip) {
        writer.write(buffer.clear().position(skip).limit(n));
        long sum = bytes + n - skip;
        bytes = sum;
        if (sum >= PAGES_COME_BYTES) {
          pagesCome.complete(null);
        }
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
