package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import io.vnsnap.vm.ThreadScheduling;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a guest's CPUs come after what serves them. A cut is a few short steps by several threads of
 * this process and of QEMU, one after another; where guests keep all cores busy, each of them would
 * wait for a time slice while the VM is paused.
 */
final class VcpuPriority {
  private static final Logger log = LoggerFactory.getLogger(VcpuPriority.class);

  private VcpuPriority() {}

  /**
   * Sets how the threads that execute the guest are scheduled. A thread that cannot be changed is
   * logged and runs on as it was.
   *
   * @param cpus QEMU's answer to query-cpus-fast
   * @param nice 0 to 19
   */
  static void lower(String vm, JsonNode cpus, int nice) {
    for (JsonNode cpu : cpus) {
      if (!ThreadScheduling.throughput(cpu.path("thread-id").asInt(), nice)) {
        log.warn("VM {}: the scheduling of a CPU's thread cannot be changed", vm);
      }
    }
  }
}
