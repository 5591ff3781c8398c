package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a guest's CPUs come after what serves them. A cut is a few short steps by several threads of
 * this process and of QEMU, one after another; where guests keep all cores busy, each of them would
 * wait for a time slice while the VM is paused.
 */
final class VcpuPriority {
  private static final Logger log = LoggerFactory.getLogger(VcpuPriority.class);
  private static final int PRIO_PROCESS = 0; // on Linux, of a thread

  static {
    Native.register(VcpuPriority.class, Platform.C_LIBRARY_NAME);
  }

  private VcpuPriority() {}

  private static native int setpriority(int which, int who, int priority) throws LastErrorException;

  /**
   * Sets the nice value of the threads that execute the guest. A thread that cannot be lowered is
   * logged and runs on as it was.
   *
   * @param cpus QEMU's answer to query-cpus-fast
   * @param nice 0 to 19
   */
  static void lower(String vm, JsonNode cpus, int nice) {
    for (JsonNode cpu : cpus) {
      try {
        setpriority(PRIO_PROCESS, cpu.path("thread-id").asInt(), nice);
      } catch (LastErrorException e) {
        log.warn("VM {}: the priority of a CPU's thread cannot be lowered: {}", vm, e.toString());
      }
    }
  }
}
