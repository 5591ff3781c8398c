package io.vnsnap.bench.gate;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/**
 * What event loops have used so far.
 *
 * @param cpuNanos CPU time of their threads
 * @param allocatedBytes on the heap, by their threads
 */
record LoopUse(long cpuNanos, long allocatedBytes) {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Of all threads of this JVM whose name starts so. */
  static LoopUse ofThreads(String prefix) {
    long cpu = 0;
    long allocated = 0;
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith(prefix)) {
        cpu += THREADS.getThreadCpuTime(thread.threadId());
        allocated += THREADS.getThreadAllocatedBytes(thread.threadId());
      }
    }
    return new LoopUse(cpu, allocated);
  }

  LoopUse plus(LoopUse other) {
    return new LoopUse(cpuNanos + other.cpuNanos, allocatedBytes + other.allocatedBytes);
  }

  LoopUse since(LoopUse before) {
    return new LoopUse(cpuNanos - before.cpuNanos, allocatedBytes - before.allocatedBytes);
  }
}
