package io.vnsnap.store.pages;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.store.DamagedSnapshotException;
import java.io.IOException;
import java.lang.management.ManagementFactory;

/** Runs a parser on input that may be anything. */
public final class Allocation {
  private static final com.sun.management.ThreadMXBean THREADS =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Allocation() {}

  /** Something that reads. */
  public interface Parser {
    void read() throws IOException;
  }

  /**
   * The input must be read, or be refused by its name; and with no more heap than the limit.
   *
   * @param mostBytes that may be allocated
   */
  public static void mustRefuseOrRead(String name, long mostBytes, Parser parser)
      throws IOException {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    try {
      parser.read();
    } catch (DamagedSnapshotException e) {
      assertThat(e.getMessage()).contains(name);
    }
    assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).isLessThan(mostBytes);
  }
}
