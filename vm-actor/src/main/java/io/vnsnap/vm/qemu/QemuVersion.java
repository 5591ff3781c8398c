package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import io.vnsnap.vm.HypervisorException;

/**
 * Which QEMU it is, and what differs between them for us.
 *
 * @param major first number
 * @param minor second number
 * @param micro third number
 */
record QemuVersion(int major, int minor, int micro) {
  private static final int MINIMUM_MAJOR = 7;
  private static final int MINIMUM_MINOR = 2;
  private static final int FIRST_THAT_TRACKS_UNDER_TCG = 9;

  /** From the greeting of QMP, {@code {"QMP": {"version": {"qemu": {"major": 7, ...}}}}}. */
  static QemuVersion ofGreeting(JsonNode greeting) throws HypervisorException {
    JsonNode qemu = greeting.path("QMP").path("version").path("qemu");
    if (!qemu.path("major").canConvertToInt()) {
      throw new HypervisorException("the process on the control socket is not QEMU");
    }
    return new QemuVersion(
        qemu.path("major").asInt(), qemu.path("minor").asInt(), qemu.path("micro").asInt());
  }

  /** Whether it has everything we use: {@code -netdev stream} came with 7.2. */
  boolean supported() {
    return major > MINIMUM_MAJOR || (major == MINIMUM_MAJOR && minor >= MINIMUM_MINOR);
  }

  static String tooOld(String version) {
    return "QEMU "
        + version
        + " is too old: "
        + MINIMUM_MAJOR
        + "."
        + MINIMUM_MINOR
        + " or newer is needed";
  }

  /**
   * Whether a background snapshot's set-up leaves QEMU usable while its stream is blocked, so that
   * the snapshot can be held right before QEMU stops the VM. Newer versions do the set-up under
   * QEMU's global lock. (QEMU 7.2 and 10.0, migration/migration.c, bg_migration_thread.)
   */
  boolean canHoldBeforeStop() {
    return major <= MINIMUM_MAJOR;
  }

  /**
   * Whether TCG keeps track of all pages that the guest writes to after a migration has asked for
   * them once. Before 9.0 it went on to use entries of its TLB that say "dirty already", and pages
   * were missing: a guest captured with two looks at what is dirty did not survive its restore
   * (tried with 7.2.22). The first look, when a migration begins, flushes the TLB, and one at a
   * paused VM is exact. (QEMU, commit "system/physmem: Fix migration dirty bitmap coherency with
   * TCG memory access".)
   */
  boolean tracksDirtyPagesUnderTcg() {
    return major >= FIRST_THAT_TRACKS_UNDER_TCG;
  }

  @Override
  public String toString() {
    return major + "." + minor + "." + micro;
  }
}
