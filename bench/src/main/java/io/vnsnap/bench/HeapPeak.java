package io.vnsnap.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.List;

/** The most heap this JVM has used since it was asked to look. */
public final class HeapPeak {
  private final List<MemoryPoolMXBean> pools =
      ManagementFactory.getMemoryPoolMXBeans().stream()
          .filter(pool -> pool.getType() == MemoryType.HEAP)
          .toList();

  /** Forgets what was before. */
  public void begin() {
    pools.forEach(MemoryPoolMXBean::resetPeakUsage);
  }

  /** Sum of the pools' peaks, in MiB: never less than the true peak. */
  public double mib() {
    return pools.stream().mapToLong(pool -> pool.getPeakUsage().getUsed()).sum() / 1048576.0;
  }
}
