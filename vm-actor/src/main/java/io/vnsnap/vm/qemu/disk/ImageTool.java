package io.vnsnap.vm.qemu.disk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs {@code qemu-img}. Formats are always said, never guessed: a guest writes its raw disk as it
 * likes, also so that it looks like a qcow2 file that is backed by a file of the host. All methods
 * block, up to a deadline. Messages are for the person who must act.
 *
 * @param program name or path of qemu-img
 * @param timeout for a run that is not followed by its output
 */
public record ImageTool(String program, Duration timeout) {
  static final ObjectMapper JSON = new ObjectMapper();

  private static final int MAX_COMPLAINT_BYTES = 1024;
  private static final int MAX_ANSWER_BYTES = 16 << 20;

  /** A file of a disk with its format, "qcow2" or "raw". */
  public record Source(Path file, String format) {}

  /** Makes an empty qcow2 file over another one, as long as it. */
  public void createOverlay(Source below, Path overlay) throws IOException {
    run(
        "create",
        "-q",
        "-f",
        "qcow2",
        "-b",
        below.file().toString(),
        "-F",
        below.format(),
        overlay.toString());
  }

  /** How long the guest takes the disk to be, in bytes. */
  public long virtualSize(Source disk) throws IOException {
    long bytes = info(disk, false).path("virtual-size").asLong();
    if (bytes < 1) {
      throw new IOException(disk.file() + " is an empty disk");
    }
    return bytes;
  }

  /** What the chain of files behind a disk is made of, from the uppermost. */
  JsonNode chain(Source disk) throws IOException {
    return info(disk, true);
  }

  private JsonNode info(Source disk, boolean chain) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("info", "-U", "--output=json"));
    if (chain) {
      arguments.add("--backing-chain");
    }
    arguments.addAll(List.of("-f", disk.format(), disk.file().toString()));
    return JSON.readTree(run(arguments.toArray(String[]::new)));
  }

  /**
   * Writes a range of a disk's content to a sparse raw file.
   *
   * @param from a multiple of 512, as is the length
   */
  void extract(Source disk, long from, long length, Path file) throws IOException {
    ObjectNode range = JSON.createObjectNode().put("driver", "raw");
    range.put("offset", from).put("size", length);
    ObjectNode format = range.putObject("file").put("driver", disk.format());
    format.putObject("file").put("driver", "file").put("filename", disk.file().toString());
    run("convert", "-U", "-O", "raw", "json:" + range, file.toString());
  }

  private String run(String... arguments) throws IOException {
    Process process = start(List.of(arguments), true);
    try (var output = process.getInputStream()) {
      // Else a tool that hangs would never end its output.
      var unused =
          process
              .onExit()
              .orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
              .exceptionally(late -> process.destroyForcibly());
      String answer = new String(output.readNBytes(MAX_ANSWER_BYTES), StandardCharsets.UTF_8);
      awaitSuccess(process, answer);
      return answer;
    } finally {
      process.destroyForcibly();
    }
  }

  /**
   * Starts a run.
   *
   * @param together whether complaints come with the output
   */
  Process start(List<String> arguments, boolean together) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(program);
    command.addAll(arguments);
    try {
      return new ProcessBuilder(command).redirectErrorStream(together).start();
    } catch (IOException e) {
      throw new IOException(
          "cannot run " + program + " (Debian package qemu-utils): " + e.getMessage(), e);
    }
  }

  /**
   * Waits for the end of a run whose output was read.
   *
   * @param complaint what it said
   * @throws IOException if it did not succeed
   */
  void awaitSuccess(Process process, String complaint) throws IOException {
    try {
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException(program + " did not end in " + timeout);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while " + program + " ran", e);
    }
    if (process.exitValue() != 0) {
      String said =
          complaint.strip().substring(0, Math.min(complaint.strip().length(), MAX_COMPLAINT_BYTES));
      throw new IOException(
          said.isEmpty() ? program + " ended with status " + process.exitValue() : said);
    }
  }
}
