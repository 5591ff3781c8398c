package io.vnsnap.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a benchmark must undo: in reverse order when it is closed, or when the JVM is told to end
 * (Ctrl-C), whichever comes first. Safe for use by several threads.
 */
public final class Cleanup implements AutoCloseable {
  private final Deque<Runnable> steps = new ArrayDeque<>();
  private final Thread hook = new Thread(this::run, "vnsnap-bench-cleanup");
  private boolean ending;

  public Cleanup() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Adds a step, which may run on any thread. Runs it at once when the JVM is ending already. */
  public void add(Runnable step) {
    boolean late;
    synchronized (steps) {
      late = ending;
      if (!late) {
        steps.push(step);
      }
    }
    if (late) {
      step.run();
    }
  }

  /** Makes a folder, removed with all it holds at the end. */
  public Path temporaryFolder(String prefix) throws IOException {
    Path folder = Files.createTempDirectory(prefix);
    add(() -> removeTree(folder));
    return folder;
  }

  @Override
  public void close() {
    run();
    try {
      boolean unused = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // The JVM is ending, and the hook finds nothing to do.
    }
  }

  private void run() {
    List<Runnable> todo;
    synchronized (steps) {
      ending = true;
      todo = List.copyOf(steps);
      steps.clear();
    }
    for (Runnable step : todo) {
      try {
        step.run();
      } catch (RuntimeException e) {
        System.err.println("bench: while cleaning up: " + e.getMessage());
      }
    }
  }

  private static void removeTree(Path folder) {
    try (Stream<Path> tree = Files.walk(folder)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove " + folder + ": " + e.getMessage(), e);
    }
  }
}
