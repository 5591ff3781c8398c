package io.vnsnap.vm.qemu.stream;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Tells what a thread allocates. */
final class Allocated {
  private Allocated() {}

  /** Bytes ever. */
  static long byThisThread() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }
}
