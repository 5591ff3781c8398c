package io.vnsnap.shell.demo;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * What is to be undone at the end, newest first, each once, whoever ends it: the demo itself, or
 * the JVM's shutdown on Ctrl-C while the demo is still starting things. What is added after the end
 * is undone at once.
 */
final class Cleanup implements AutoCloseable {

  /** Undoes one thing. */
  interface Action {
    void run() throws Exception;
  }

  private record Named(String what, Action action) {}

  private final Deque<Named> actions = new ArrayDeque<>();
  private final List<String> failures = new ArrayList<>();
  private boolean closed;

  /**
   * Adds something to undo.
   *
   * @param what for the report if it fails: "remove the folder"
   */
  synchronized void add(String what, Action action) {
    if (closed) {
      undo(new Named(what, action));
    } else {
      actions.push(new Named(what, action));
    }
  }

  /** Undoes everything; waits for another thread that is at it. */
  @Override
  public synchronized void close() {
    closed = true;
    while (!actions.isEmpty()) {
      undo(actions.pop());
    }
  }

  private void undo(Named named) {
    try {
      named.action.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failures.add("could not " + named.what + ": interrupted");
    } catch (Exception e) {
      failures.add("could not " + named.what + ": " + e.getMessage());
    }
  }

  /** What could not be undone, one line each. */
  synchronized List<String> failures() {
    return List.copyOf(failures);
  }
}
