package io.vnsnap.store.place;

import com.typesafe.config.Config;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/** Where the key of an encrypted place comes from: {@code vnsnap.store.encryption}. */
sealed interface KeySource {
  /** Length of a key. */
  int KEY_BYTES = 32;

  Pattern HEX = Pattern.compile("[0-9a-fA-F]{64}");

  /** A file with the key. */
  record KeyFile(Path file) implements KeySource {}

  /**
   * A command that writes the key.
   *
   * @param words the program and its arguments; no shell sees them
   */
  record KeyCommand(List<String> words, Duration timeout) implements KeySource {}

  /**
   * Reads the section {@code vnsnap.store.encryption}.
   *
   * @return empty if the place is not to be encrypted
   * @throws IllegalArgumentException if it names both a file and a command
   */
  static Optional<KeySource> of(Config encryption) {
    String file = encryption.getString("key-file");
    List<String> command = encryption.getStringList("key-command");
    if (!file.isEmpty() && !command.isEmpty()) {
      throw new IllegalArgumentException(
          "vnsnap.store.encryption has both key-file and key-command; keep one");
    }
    if (!file.isEmpty()) {
      return Optional.of(new KeyFile(Path.of(file)));
    }
    return command.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new KeyCommand(List.copyOf(command), encryption.getDuration("key-command-timeout")));
  }

  /**
   * Fetches the key.
   *
   * @return 32 bytes
   * @throws IOException if it cannot be had or is no key; the message says what to do and never
   *     holds what was read
   */
  default byte[] key() throws IOException {
    return switch (this) {
      case KeyFile(Path file) -> {
        String what = "the key file %s (vnsnap.store.encryption.key-file)".formatted(file);
        yield parse(PrivateFile.read(file, what), what);
      }
      case KeyCommand command -> {
        String what =
            "the command %s (vnsnap.store.encryption.key-command)"
                .formatted(command.words().getFirst());
        yield parse(output(command, what), what);
      }
    };
  }

  private static byte[] parse(String text, String what) throws IOException {
    String hex = text.strip();
    if (!HEX.matcher(hex).matches()) {
      throw new IOException(
          what
              + " does not give a key, which is 64 hexadecimal digits. Make one with 'openssl rand"
              + " -hex 32' and keep a copy: without it the store cannot be read");
    }
    return HexFormat.of().parseHex(hex);
  }

  private static String output(KeyCommand command, String what) throws IOException {
    Process process;
    try {
      process =
          new ProcessBuilder(command.words())
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
    } catch (IOException e) {
      throw new IOException("%s cannot be run: %s".formatted(what, e.getMessage()), e);
    }
    try {
      byte[] bytes = read(process, command.timeout(), what);
      int status = process.exitValue();
      if (status != 0) {
        throw new IOException(
            "%s has failed with status %d; its errors are in this program's"
                .formatted(what, status));
      }
      return new String(bytes, StandardCharsets.US_ASCII);
    } finally {
      process.destroyForcibly();
    }
  }

  /** Reads until the process has ended. */
  private static byte[] read(Process process, Duration timeout, String what) throws IOException {
    long until = System.nanoTime() + timeout.toNanos();
    var output = new CompletableFuture<byte[]>();
    Thread.ofVirtual().start(() -> readTo(output, process.getInputStream()));
    try {
      byte[] bytes = output.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      if (bytes.length > PrivateFile.MAX_BYTES) {
        throw new IOException(
            "%s writes more than %d bytes".formatted(what, PrivateFile.MAX_BYTES));
      }
      if (!process.waitFor(until - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        throw tooSlow(timeout, what);
      }
      return bytes;
    } catch (TimeoutException e) {
      throw tooSlow(timeout, what);
    } catch (ExecutionException e) {
      throw new IOException("%s: its output cannot be read".formatted(what), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for " + what);
    }
  }

  private static void readTo(CompletableFuture<byte[]> output, InputStream in) {
    try (in) {
      output.complete(in.readNBytes(PrivateFile.MAX_BYTES + 1));
    } catch (IOException e) {
      output.completeExceptionally(e);
    }
  }

  private static IOException tooSlow(Duration timeout, String what) {
    return new IOException(
        "%s has not ended after %s (vnsnap.store.encryption.key-command-timeout)"
            .formatted(what, timeout));
  }
}
