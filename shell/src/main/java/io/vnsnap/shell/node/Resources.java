package io.vnsnap.shell.node;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node has opened, to be closed in reverse order, each once. May be used by several threads.
 */
final class Resources implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Resources.class);

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  <T extends AutoCloseable> T add(T resource) {
    synchronized (opened) {
      opened.push(resource);
    }
    return resource;
  }

  @Override
  public void close() {
    for (AutoCloseable next = poll(); next != null; next = poll()) {
      try {
        next.close();
      } catch (Exception e) {
        LOG.warn("could not close {}", next, e);
      }
    }
  }

  private @org.jspecify.annotations.Nullable AutoCloseable poll() {
    synchronized (opened) {
      return opened.poll();
    }
  }
}
