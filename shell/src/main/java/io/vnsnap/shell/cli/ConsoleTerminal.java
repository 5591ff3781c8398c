package io.vnsnap.shell.cli;

import com.google.protobuf.ByteString;
import io.vnsnap.shell.api.ConsoleSession;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jline.terminal.Attributes;
import org.jline.terminal.Attributes.LocalFlag;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.NonBlockingInputStream;
import org.jspecify.annotations.Nullable;

/** The user's end of a console: bytes typed here go to the guest, until Ctrl-]. */
final class ConsoleTerminal implements AutoCloseable {
  /** Ctrl-]. */
  private static final byte DETACH = 0x1d;

  private static final long POLL_MS = 100;

  private final InputStream in;
  private final OutputStream out;
  private final @Nullable Terminal terminal;
  private final @Nullable Attributes saved;

  private ConsoleTerminal(
      InputStream in, OutputStream out, @Nullable Terminal terminal, @Nullable Attributes saved) {
    this.in = in;
    this.out = out;
    this.terminal = terminal;
    this.saved = saved;
  }

  /** The process's terminal in raw mode: every key goes to the guest, Ctrl-C too. */
  static ConsoleTerminal raw() throws IOException {
    Terminal terminal = TerminalBuilder.builder().system(true).dumb(false).build();
    Attributes saved = terminal.enterRawMode();
    Attributes raw = terminal.getAttributes();
    raw.setLocalFlag(LocalFlag.ISIG, false);
    terminal.setAttributes(raw);
    return new ConsoleTerminal(terminal.input(), terminal.output(), terminal, saved);
  }

  /** The process's standard streams, as they are; they stay open. */
  static ConsoleTerminal standardStreams() {
    return plain(System.in, System.out);
  }

  /** Streams that are no terminal; they stay open. */
  static ConsoleTerminal plain(InputStream in, OutputStream out) {
    return new ConsoleTerminal(in, out, null, null);
  }

  OutputStream output() {
    return out;
  }

  /**
   * Types input into the console until the user detaches or the console has ended. The end of input
   * that is not a terminal's is not the end: output goes on.
   */
  void copyInput(ConsoleSession session, CompletableFuture<String> ended) throws IOException {
    if (in instanceof NonBlockingInputStream keys) {
      while (!ended.isDone() && typed(session, read(keys))) {
        // the next piece
      }
      return;
    }
    CompletableFuture<String> detached = new CompletableFuture<>();
    Thread.ofVirtual().name("vnsnap-stdin").start(() -> copyAll(session, ended, detached));
    CompletableFuture.anyOf(ended, detached).join();
  }

  private void copyAll(
      ConsoleSession session, CompletableFuture<String> ended, CompletableFuture<String> detached) {
    byte[] buffer = new byte[ConsoleSession.MAX_INPUT_BYTES];
    try {
      int n = in.read(buffer);
      while (n >= 0) {
        if (!typed(session, ByteString.copyFrom(buffer, 0, n))) {
          detached.complete("by the input");
          return;
        }
        n = in.read(buffer);
      }
    } catch (IOException e) {
      ended.complete("input cannot be read: " + e.getMessage());
    }
  }

  /** What was typed within a moment; empty if nothing was. */
  private static ByteString read(NonBlockingInputStream keys) throws IOException {
    int first = keys.read(POLL_MS);
    if (first == NonBlockingInputStream.READ_EXPIRED) {
      return ByteString.EMPTY;
    }
    if (first < 0) {
      return ByteString.copyFrom(new byte[] {DETACH});
    }
    ByteString.Output typed = ByteString.newOutput();
    typed.write(first);
    while (typed.size() < ConsoleSession.MAX_INPUT_BYTES && keys.available() > 0) {
      typed.write(keys.read());
    }
    return typed.toByteString();
  }

  /** Sends what comes before Ctrl-]; false if that was typed or the console takes no more. */
  private static boolean typed(ConsoleSession session, ByteString bytes) throws IOException {
    int detach = indexOfDetach(bytes);
    ByteString before = detach < 0 ? bytes : bytes.substring(0, detach);
    if (!before.isEmpty()) {
      try {
        session.input(before).toCompletableFuture().get();
      } catch (ExecutionException e) {
        throw new IOException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return detach < 0;
  }

  private static int indexOfDetach(ByteString bytes) {
    for (int i = 0; i < bytes.size(); i++) {
      if (bytes.byteAt(i) == DETACH) {
        return i;
      }
    }
    return -1;
  }

  @Override
  public void close() throws IOException {
    if (terminal != null && saved != null) {
      terminal.setAttributes(saved);
      terminal.close();
    }
  }
}
