package io.vnsnap.shell.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Ends processes that belong to the demo: those, and only those, whose command line names its
 * folder, which nobody else's can.
 */
final class DemoProcesses {
  private static final long DEADLINE_S = 10;
  private static final long POLL_MS = 20;

  private final Path folder;

  DemoProcesses(DemoFolder folder) {
    this.folder = folder.path();
  }

  /** Kills those of the given processes that belong to the demo, outright; returns how many. */
  int kill(List<Long> pids) throws InterruptedException {
    List<ProcessHandle> ours =
        pids.stream().flatMap(pid -> ProcessHandle.of(pid).stream()).filter(this::isOurs).toList();
    killAll(ours);
    return ours.size();
  }

  /** Kills every process that belongs to the demo; returns how many there were. */
  int killAll() throws InterruptedException {
    List<ProcessHandle> ours = ProcessHandle.allProcesses().filter(this::isOurs).toList();
    killAll(ours);
    return ours.size();
  }

  private static void killAll(List<ProcessHandle> processes) throws InterruptedException {
    processes.forEach(ProcessHandle::destroyForcibly);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
    while (processes.stream().anyMatch(DemoProcesses::runs) && System.nanoTime() < end) {
      Thread.sleep(POLL_MS);
    }
  }

  /**
   * A process that has ended and that nobody has asked about yet still has an entry, but no command
   * line.
   */
  private static boolean runs(ProcessHandle process) {
    return process.isAlive() && !commandLine(process).isEmpty();
  }

  private boolean isOurs(ProcessHandle process) {
    return process.pid() != ProcessHandle.current().pid()
        && commandLine(process).contains(folder.toString() + "/");
  }

  private static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(
          Path.of("/proc", Long.toString(process.pid()), "cmdline"), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return ""; // it has ended, or is not ours to look at
    }
  }
}
