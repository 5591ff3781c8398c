package io.vnsnap.shell.node;

import com.typesafe.config.Config;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.vnsnap.host.HostContext;
import io.vnsnap.net.DataPlane;
import io.vnsnap.net.NetSettings;
import io.vnsnap.vm.VmSettings;
import io.vnsnap.vm.qemu.QemuHypervisor;
import io.vnsnap.vm.qemu.QemuSettings;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;

/** Opens what a host needs beside its actor system. */
final class HostParts {
  /**
   * Left to the operating system and this process when nobody says how much VMs may take, in MiB.
   */
  private static final long RESERVE_MIB = 1024;

  private static final int MIB = 1 << 20;

  private HostParts() {}

  /**
   * Opens data plane and hypervisor.
   *
   * @param resources gets everything that was opened
   * @throws IOException if the trunk's port cannot be listened on, or a folder not made
   */
  static HostContext open(
      NodeOptions options,
      Config config,
      StateFolder state,
      HostContext.Shared shared,
      Resources resources)
      throws IOException {
    DataPlane dataPlane = resources.add(DataPlane.open(NetSettings.from(config)));
    QemuHypervisor hypervisor =
        resources.add(new QemuHypervisor(QemuSettings.from(config), shared.blocking()));
    EventLoopGroup consoles =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("vnsnap-console", true), EpollIoHandler.newFactory());
    resources.add(() -> consoles.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly());
    return new HostContext(
        options.name(),
        Math.toIntExact(memoryMib(options)),
        state.run(),
        state.disks(),
        dataPlane,
        new HostContext.Vms(hypervisor, VmSettings.from(config), consoles.next()),
        shared);
  }

  private static long memoryMib(NodeOptions options) {
    if (options.memoryMib() > 0) {
      return options.memoryMib();
    }
    var machine =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return Math.max(0, machine.getTotalMemorySize() / MIB - RESERVE_MIB);
  }
}
