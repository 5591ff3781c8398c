package io.vnsnap.vm;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;

/**
 * How Linux schedules threads of ours and of QEMU's, by the system call {@code sched_setattr}.
 *
 * <p>Since Linux 6.12 a thread may ask for a time slice of its own. One with a shorter slice than
 * the running thread's takes over when it wakes up, instead of waiting for the other's slice to
 * end, and gets no larger share of the CPU for it. Older kernels ignore the slice.
 */
public final class ThreadScheduling {
  private static final long SHORT_SLICE_NANOS = 100_000;
  private static final long LONG_SLICE_NANOS = 6_000_000;

  // struct sched_attr, first version: size, policy (4 each), flags (8), nice, priority (4 each),
  // runtime, deadline, period (8 each).
  private static final int ATTR_BYTES = 48;
  private static final int ATTR_NICE = 16;
  private static final int ATTR_RUNTIME = 24;
  private static final long SYS_SCHED_SETATTR = Platform.isARM() ? 274 : 314;

  static {
    Native.register(ThreadScheduling.class, Platform.C_LIBRARY_NAME);
  }

  private ThreadScheduling() {}

  private static native long syscall(long number, int thread, Pointer attributes, int flags)
      throws LastErrorException;

  /**
   * Lets the calling thread, and the threads and processes it starts from now on, run as soon as
   * they have something to do: for threads with little to do that others wait for.
   *
   * @return whether the kernel took it
   */
  public static boolean prompt() {
    return set(0, 0, SHORT_SLICE_NANOS);
  }

  /**
   * Lets a thread run in long slices, after those with short ones: for threads that compute.
   *
   * @param thread the kernel's number of it
   * @param nice 0 to 19
   * @return whether the kernel took it
   */
  public static boolean throughput(int thread, int nice) {
    return set(thread, nice, LONG_SLICE_NANOS);
  }

  private static boolean set(int thread, int nice, long sliceNanos) {
    try (Memory attributes = new Memory(ATTR_BYTES)) {
      attributes.clear();
      attributes.setInt(0, ATTR_BYTES);
      attributes.setInt(ATTR_NICE, nice);
      attributes.setLong(ATTR_RUNTIME, sliceNanos);
      syscall(SYS_SCHED_SETATTR, thread, attributes, 0);
      return true;
    } catch (LastErrorException e) {
      return false;
    }
  }
}
