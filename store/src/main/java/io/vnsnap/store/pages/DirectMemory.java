package io.vnsnap.store.pages;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;

/** The memory outside the heap that {@link java.nio.ByteBuffer#allocateDirect} takes from. */
final class DirectMemory {
  private DirectMemory() {}

  /**
   * Most bytes of it that this JVM takes: {@code -XX:MaxDirectMemorySize}, or as much as the heap
   * may have.
   */
  static long limit() {
    HotSpotDiagnosticMXBean hotSpot =
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    long set =
        hotSpot == null ? 0 : Long.parseLong(hotSpot.getVMOption("MaxDirectMemorySize").getValue());
    return set > 0 ? set : Runtime.getRuntime().maxMemory();
  }
}
