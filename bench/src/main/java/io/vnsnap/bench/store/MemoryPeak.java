package io.vnsnap.bench.store;

import io.vnsnap.bench.HeapPeak;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** The most memory that this JVM used for objects and buffers while it was looked at. */
final class MemoryPeak implements AutoCloseable {
  private static final long LOOK_NANOS = 5_000_000;

  private final HeapPeak heap = new HeapPeak();
  private final List<BufferPoolMXBean> pools =
      ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
          .filter(pool -> pool.getName().equals("direct"))
          .toList();
  private final Thread looking;
  private volatile boolean ended;
  private volatile long direct;

  MemoryPeak() {
    heap.begin();
    looking = Thread.ofPlatform().daemon().name("vnsnap-bench-memory").start(this::look);
  }

  private void look() {
    while (!ended) {
      direct = Math.max(direct, pools.stream().mapToLong(BufferPoolMXBean::getMemoryUsed).sum());
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  /** Most heap in MiB, garbage included. */
  double heapMib() {
    return heap.mib();
  }

  /** Most direct buffers in MiB. */
  double offHeapMib() {
    return direct / 1048576.0;
  }

  @Override
  public void close() {
    ended = true;
    LockSupport.unpark(looking);
  }
}
