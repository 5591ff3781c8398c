package io.vnsnap.vm.sim;

import java.nio.charset.StandardCharsets;

/**
 * The form of a simulated VM's image, version 2; {@code docs/simulated-vms.md} describes it.
 * Everything is big-endian.
 */
final class SimulatedImage {
  static final byte[] MAGIC = "VNSIMIMG".getBytes(StandardCharsets.US_ASCII);
  static final int VERSION = 2;

  /** Name of the one memory block. */
  static final String RAM = "ram";

  /** Name of the one device. */
  static final String CLOCK = "clock";

  /** Record: nothing comes after it but its own content. */
  static final int END = 0;

  /** Record: the state of a device. */
  static final int DEVICE = 2;

  /** State of a device in bytes, at most. */
  static final int MAX_DEVICE_BYTES = 64 * 1024;

  private SimulatedImage() {}

  /**
   * The state of a machine's devices.
   *
   * @param clockNanos the guest's clock
   * @param nextTick when it ticks next, by that clock
   */
  record Devices(long clockNanos, long nextTick) {
    /** Those of a machine that has not run. */
    static final Devices NONE = new Devices(0, 0);
  }
}
