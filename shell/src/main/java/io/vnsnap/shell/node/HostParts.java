package io.vnsnap.shell.node;

import com.sun.management.OperatingSystemMXBean;
import com.typesafe.config.Config;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.vnsnap.host.HostContext;
import io.vnsnap.host.console.ConsoleSockets;
import io.vnsnap.net.DataPlane;
import io.vnsnap.net.NetSettings;
import io.vnsnap.vm.Hypervisor;
import io.vnsnap.vm.VmSettings;
import io.vnsnap.vm.qemu.QemuHypervisor;
import io.vnsnap.vm.qemu.QemuSettings;
import io.vnsnap.vm.sim.GuestSockets;
import io.vnsnap.vm.sim.SimulatedEnvironment;
import io.vnsnap.vm.sim.SimulatedHypervisor;
import io.vnsnap.vm.sim.SimulatedSettings;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;

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
    Hypervisor hypervisor = hypervisor(config, shared.blocking(), resources);
    EventLoopGroup consoles = loop("vnsnap-console", resources);
    return new HostContext(
        options.name(),
        Math.toIntExact(memoryMib(options)),
        state.run(),
        state.disks(),
        dataPlane,
        new HostContext.Vms(
            hypervisor,
            VmSettings.from(config),
            ConsoleSockets.domain(consoles.next()),
            System::nanoTime,
            processorLoad(consoles.next())),
        shared);
  }

  /** Looked at every second on that loop: a read of one of the kernel's figures. */
  private static DoubleSupplier processorLoad(EventLoop loop) {
    ProcessorLoad load = new ProcessorLoad(machine()::getCpuLoad);
    var unused = loop.scheduleWithFixedDelay(load::look, 0, 1, TimeUnit.SECONDS);
    return load;
  }

  private static Hypervisor hypervisor(Config config, Executor blocking, Resources resources)
      throws IOException {
    String name = config.getString(NodeConfig.HYPERVISOR);
    return switch (name) {
      case NodeOptions.QEMU ->
          resources.add(new QemuHypervisor(QemuSettings.from(config), blocking));
      case NodeOptions.SIMULATED -> simulated(config, blocking, resources);
      default ->
          throw new IOException(
              "%s is \"%s\"; write %s or %s"
                  .formatted(NodeConfig.HYPERVISOR, name, NodeOptions.QEMU, NodeOptions.SIMULATED));
    };
  }

  /** Runs its guests on a thread of their own, at the pace of the clock. */
  static Hypervisor simulated(Config config, Executor blocking, Resources resources) {
    EventLoopGroup guests = loop("vnsnap-guest", resources);
    return new SimulatedHypervisor(
        SimulatedSettings.from(config),
        new SimulatedEnvironment(
            guests::next,
            InstantSource.system(),
            GuestSockets.domain(),
            blocking,
            new SecureRandom().nextLong(),
            ProcessHandle.current().pid()));
  }

  /** One thread. */
  private static EventLoopGroup loop(String name, Resources resources) {
    EventLoopGroup group =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory(name, true), EpollIoHandler.newFactory());
    resources.add(() -> group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly());
    return group;
  }

  private static long memoryMib(NodeOptions options) {
    if (options.memoryMib() > 0) {
      return options.memoryMib();
    }
    return Math.max(0, machine().getTotalMemorySize() / MIB - RESERVE_MIB);
  }

  /** The machine, or the container that this process is confined to. */
  private static OperatingSystemMXBean machine() {
    return (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  }
}
