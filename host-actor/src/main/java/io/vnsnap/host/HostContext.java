package io.vnsnap.host;

import io.vnsnap.host.console.ConsoleSockets;
import io.vnsnap.net.DataPlane;
import io.vnsnap.proto.HostReport;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.vm.BlockingWork;
import io.vnsnap.vm.Hypervisor;
import io.vnsnap.vm.VmSettings;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * What a host works with. All parts are shared by its deployments and outlive them.
 *
 * @param name of this host in the cluster
 * @param memoryMib memory that VMs may take in all
 * @param runDirectory private folder for sockets; its path is short, since UNIX socket paths are
 * @param diskDirectory private folder for the overlays of disks
 * @param dataPlane moves the frames
 * @param vms runs the VMs
 * @param shared what it has in common with the rest of its node
 */
public record HostContext(
    String name,
    int memoryMib,
    Path runDirectory,
    Path diskDirectory,
    DataPlane dataPlane,
    Vms vms,
    Shared shared) {

  /**
   * What runs VMs.
   *
   * @param hypervisor starts them
   * @param settings of VM actors
   * @param consoles how serial consoles are reached
   * @param clock of VM actors, in nanoseconds from an arbitrary start, never running back
   * @param processorLoad share of this host's processor time that was busy lately, 0 to 1
   */
  public record Vms(
      Hypervisor hypervisor,
      VmSettings settings,
      ConsoleSockets consoles,
      LongSupplier clock,
      DoubleSupplier processorLoad) {}

  /**
   * What a host shares with the rest of its node.
   *
   * @param store where snapshots go
   * @param blocking runs what blocks: files, processes
   * @param reports takes reports to the coordinators; never blocks
   */
  public record Shared(SnapshotStore store, Executor blocking, Consumer<HostReport> reports) {

    /** Runs work that blocks; see {@link BlockingWork#on}. */
    public <T> CompletionStage<T> blocking(Callable<T> work) {
      return BlockingWork.on(blocking, work);
    }
  }
}
