package io.vnsnap.bench.restore;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import io.vnsnap.bench.pause.GuestLoad;
import io.vnsnap.bench.qemu.Console;
import io.vnsnap.bench.qemu.QemuGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** QEMU alone; the guest is let run as soon as it is loaded. */
final class FromFile implements Way {
  private static final long POLL_MILLIS = 1;
  private static final Duration DEADLINE = Duration.ofMinutes(5);

  private final List<String> commandLine;
  private final Path original;
  private final Path file;
  private final Path folder;
  private final GuestLoad load;
  private final Cleanup cleanup;
  private int started;

  /**
   * @param commandLine of the QEMU that was captured, which had its sockets in {@code original}
   * @param file its stream
   * @param folder for the sockets of others
   */
  FromFile(
      List<String> commandLine,
      Path original,
      Path file,
      Path folder,
      GuestLoad load,
      Cleanup cleanup) {
    this.commandLine = commandLine;
    this.original = original;
    this.file = file;
    this.folder = folder;
    this.load = load;
    this.cleanup = cleanup;
  }

  @Override
  public String name() {
    return "file";
  }

  @Override
  public String description() {
    return "-incoming \"exec:cat file\"";
  }

  @Override
  public Restored measure() throws BenchmarkException, IOException, InterruptedException {
    started++;
    Path own = Files.createDirectory(folder.resolve("plain" + started));
    List<String> line = new ArrayList<>();
    for (String word : commandLine) {
      line.add(word.replace(original.toString(), own.toString()));
    }
    line.addAll(List.of("-incoming", "exec:cat " + file));
    long begun = System.nanoTime();
    try (QemuGuest guest = QemuGuest.start(line, own.resolve("qmp"), cleanup)) {
      awaitLoaded(guest, begun);
      guest.resume();
      double running = (System.nanoTime() - begun) / 1e6;
      try (Console console = Console.connect(own.resolve("console"))) {
        Restored restored = new Restored(running, Answer.millisSince(begun, console));
        load.awaitWorking(console);
        return restored;
      }
    }
  }

  private static void awaitLoaded(QemuGuest guest, long begun)
      throws BenchmarkException, InterruptedException {
    while (guest.call("query-status", "{}").path("status").asText().equals("inmigrate")) {
      if (System.nanoTime() - begun > DEADLINE.toNanos()) {
        throw new BenchmarkException("QEMU did not load its own file");
      }
      Thread.sleep(POLL_MILLIS);
    }
  }
}
