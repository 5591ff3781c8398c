package io.vnsnap.vm.qemu;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * A QEMU process and the last of what it said on its error output, which is what tells why it
 * ended.
 */
final class QemuProcess {
  private static final int MAX_WORDS_BYTES = 4096;
  private static final int SIGNAL_STATUS = 128;
  private static final int SIGKILL = 9;
  private static final long LAST_WORDS_MS = 500;

  private final Process process;
  private final StringBuilder words = new StringBuilder();
  private final CompletableFuture<String> exited;
  private volatile String ownReason = "";

  private QemuProcess(Process process, String name) {
    this.process = process;
    CompletableFuture<Void> drained = new CompletableFuture<>();
    Thread drain = new Thread(() -> drain(drained), "vnsnap-stderr-" + name);
    drain.setDaemon(true);
    drain.start();
    // A child of QEMU's may hold the error output open; do not wait for it.
    this.exited =
        process
            .onExit()
            .thenCombine(
                process
                    .onExit()
                    .thenCompose(ended ->
                        drained
                            .copy()
                            .completeOnTimeout(null, LAST_WORDS_MS, TimeUnit.MILLISECONDS)),
                (ended, rest) -> reason(ended.exitValue()));
  }

  /**
   * Starts it; blocks.
   *
   * @param name for the thread that reads its error output
   * @param command program and arguments; no shell is involved
   */
  static QemuProcess start(String name, List<String> command, Path folder) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    process.getOutputStream().close();
    return new QemuProcess(process, name);
  }

  long pid() {
    return process.pid();
  }

  boolean alive() {
    return process.isAlive();
  }

  /** Completes with one line saying how it ended; never fails. */
  CompletionStage<String> exited() {
    return exited.minimalCompletionStage();
  }

  /** Says why it is about to end, better than its exit status will. */
  void note(String reason) {
    ownReason = reason;
  }

  void kill() {
    // By its handle: Process.destroyForcibly() also closes the error output, and its last words are
    // lost then.
    process.toHandle().destroyForcibly();
  }

  /** The last complaint it made under its own name, else the last line it said; may be empty. */
  private String lastWords() {
    synchronized (words) {
      List<String> lines = words.toString().lines().filter(line -> !line.isBlank()).toList();
      return lines.stream()
          .filter(line -> line.startsWith("qemu"))
          .reduce((earlier, later) -> later)
          .orElse(lines.isEmpty() ? "" : lines.get(lines.size() - 1).strip());
    }
  }

  private String reason(int status) {
    if (!ownReason.isEmpty()) {
      return ownReason;
    }
    String said = lastWords();
    String how =
        status == SIGNAL_STATUS + SIGKILL
            ? "QEMU was killed"
            : status > SIGNAL_STATUS
                ? "QEMU ended by signal " + (status - SIGNAL_STATUS)
                : "QEMU ended with status " + status;
    return said.isEmpty() ? how : how + ": " + said;
  }

  private void drain(CompletableFuture<Void> drained) {
    try (InputStream errors = process.getErrorStream()) {
      byte[] bytes = new byte[1024];
      for (int n = errors.read(bytes); n >= 0; n = errors.read(bytes)) {
        synchronized (words) {
          words.append(new String(bytes, 0, n, StandardCharsets.UTF_8));
          words.delete(0, Math.max(0, words.length() - MAX_WORDS_BYTES));
        }
      }
    } catch (IOException e) {
      note("the error output of QEMU broke: " + e.getMessage());
    } finally {
      drained.complete(null);
    }
  }
}
