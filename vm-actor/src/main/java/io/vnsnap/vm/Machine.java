package io.vnsnap.vm;

import io.vnsnap.store.ImageWriter;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * One VM's process, from when it is loaded until it has ended. Safe for use by any thread; no
 * method blocks; every stage completes within a deadline of the hypervisor's. A stage that fails
 * does so with a {@link HypervisorException}. Stages complete on the hypervisor's own threads: do
 * not block them.
 *
 * <p>Times are microseconds since the Unix epoch, taken by the hypervisor itself.
 */
public interface Machine {

  /** Name of the hypervisor, e.g. "qemu". */
  String hypervisor();

  /** Version of the hypervisor, e.g. "7.2.22". */
  String hypervisorVersion();

  /** Process id. */
  long pid();

  /**
   * The UNIX socket on which a VNIC's frames can be taken and given, each preceded by its length as
   * four bytes, big-endian. Listens for one connection at a time.
   *
   * @throws IllegalArgumentException if the VM has no such VNIC
   */
  Path networkSocket(String vnic);

  /** The UNIX socket of the serial console. Listens for one connection at a time. */
  Path consoleSocket();

  /** Completes with one line saying how the process ended, when it has; never fails. */
  CompletionStage<String> exited();

  /** The VM's memory, if it was loaded lazily. */
  default Arrival arrival() {
    return Arrival.OVER;
  }

  /**
   * Lets the VM run. Prerequisites: none, a running VM runs on. Effect on failure: unknown whether
   * it runs; may be called again.
   *
   * @return when it began to run
   */
  CompletionStage<Long> resume();

  /**
   * Pauses the VM. Prerequisites: none, a paused VM stays so. Effect on success: no instruction of
   * the guest runs, and all frames it sent can be read from its sockets. Effect on failure: unknown
   * whether it runs; call {@link #resume}.
   *
   * @return when it stopped
   */
  CompletionStage<Long> pause();

  /**
   * Gets ready to capture memory and devices copy-on-write, mode INSTANT, so that {@link
   * Capture#start} takes little time.
   *
   * <p>Prerequisites: the VM runs; no other capture of it is in progress. If its memory still comes
   * in, that is waited for, for a limited time. Effect on success: the VM runs on unhindered; the
   * capture must be started or cancelled. Effect on failure: none.
   *
   * @param writer owned and closed by the capture from this call on
   * @param quiet holds the VM's frames until it has taken those that were written to it; a capture
   *     that is given up calls it before it pauses the VM outside a cut, since a hypervisor may
   *     drop what it holds for a VM that stops
   */
  default CompletionStage<Capture> prepareCapture(
      ImageWriter writer, Supplier<CompletionStage<?>> quiet) {
    return prepareCapture(CapturePlan.instant(), writer, VmNetwork.heldBy(quiet));
  }

  /**
   * Gets ready to capture memory and devices as planned. INSTANT: as above. ROUNDS: what the guest
   * writes to is copied round after round while it runs, until little is left or a limit is
   * reached; then it waits for {@link Capture#start}, which copies what is left while the VM is
   * paused.
   *
   * <p>Prerequisites: the VM runs; no other capture of it is in progress. Effect on success: the VM
   * runs on unhindered; the capture must be started or cancelled. Effect on failure: none, but for
   * frames held by {@link VmNetwork#hold}. Fails with {@link RanAwayException} when the hypervisor
   * has ended the rounds by itself; then a plan of one round may succeed.
   *
   * @param writer owned and closed by the capture from this call on
   * @param network quiet whenever the VM may stop outside a cut
   */
  CompletionStage<Capture> prepareCapture(CapturePlan plan, ImageWriter writer, VmNetwork network);

  /** Completes with one line saying why INSTANT captures cannot work here; empty: they can. */
  default CompletionStage<String> instantImpossible() {
    return CompletableFuture.completedStage("");
  }

  /**
   * Measures how fast the guest writes to memory; takes about a second and costs it next to
   * nothing.
   *
   * @return bytes of memory a second, pages written twice counted once; negative: not known
   */
  default CompletionStage<Long> dirtyRate() {
    return CompletableFuture.completedStage(-1L);
  }

  /**
   * Freezes the disks as they are: writes go to new overlays from now on.
   *
   * <p>Prerequisites: the VM is paused, and a capture of it was prepared. Effect on success: nobody
   * changes the disks as they were at this instant, until they are stored or given up. Effect on
   * failure: none on the VM's disks.
   *
   * @param snapshotId names the new overlays
   * @return the VM's disks as they were at this instant
   */
  CompletionStage<FrozenDisks> freezeDisks(String snapshotId);

  /**
   * Ends the VM, by force if it must, and removes its folder and the overlays of its disks.
   * Prerequisites: none; may be called again. A capture in progress fails.
   *
   * @return completes when the process has ended; never fails
   */
  CompletionStage<Void> shutdown();

  /** As {@link #shutdown}, by force at once. */
  CompletionStage<Void> kill();
}
