package io.vnsnap.shell.node;

import io.vnsnap.vm.HypervisorDescription;
import io.vnsnap.vm.qemu.QemuHypervisor;
import io.vnsnap.vm.qemu.QemuSettings;

/** Whether a host that was started here, by this user, could run VMs on QEMU. */
public final class QemuOnThisMachine {
  private QemuOnThisMachine() {}

  /**
   * Asks a QEMU without a machine. Blocks for at most the start timeout of the configuration.
   *
   * @return why VMs cannot be started and captured, in one line; empty: they can
   */
  public static String whyUnusable() {
    try (QemuHypervisor qemu =
        new QemuHypervisor(QemuSettings.from(NodeConfig.defaults()), Runnable::run)) {
      return qemu.describe()
          .thenApply(HypervisorDescription::unusableReason)
          .toCompletableFuture()
          .join();
    }
  }
}
