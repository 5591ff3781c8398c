package io.vnsnap.host;

import io.netty.channel.EventLoop;
import io.vnsnap.net.DataPlane;
import io.vnsnap.proto.HostReport;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.vm.Hypervisor;
import io.vnsnap.vm.VmSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

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
   * @param consoleLoop reads and writes serial consoles
   */
  public record Vms(Hypervisor hypervisor, VmSettings settings, EventLoop consoleLoop) {}

  /**
   * What a host shares with the rest of its node.
   *
   * @param store where snapshots go
   * @param blocking runs what blocks: files, processes
   * @param reports takes reports to the coordinators; never blocks
   */
  public record Shared(SnapshotStore store, Executor blocking, Consumer<HostReport> reports) {

    /**
     * Runs work that blocks.
     *
     * @return fails with what the work threw, or when all threads for such work are taken; this
     *     method itself throws nothing
     */
    public <T> CompletionStage<T> blocking(Callable<T> work) {
      CompletableFuture<T> result = new CompletableFuture<>();
      try {
        blocking.execute(() -> complete(result, work));
      } catch (RejectedExecutionException e) {
        result.completeExceptionally(
            new IOException("this host does as much at a time as it may; try again later", e));
      }
      return result;
    }

    private static <T> void complete(CompletableFuture<T> result, Callable<T> work) {
      try {
        result.complete(work.call());
      } catch (Exception | Error e) {
        result.completeExceptionally(e);
      }
    }
  }
}
