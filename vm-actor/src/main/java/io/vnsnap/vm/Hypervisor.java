package io.vnsnap.vm;

import io.vnsnap.proto.Loading;
import io.vnsnap.store.ImageReader;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Starts VMs. Safe for use by any thread; no method blocks. A stage that fails does so with a
 * {@link HypervisorException} whose message is one line for the person who must act.
 */
public interface Hypervisor {

  /**
   * Says what this hypervisor is, and whether it can start and capture VMs here.
   *
   * @return never fails: what is wrong is in the description
   */
  CompletionStage<HypervisorDescription> describe();

  /**
   * Boots a VM and leaves it paused before its first instruction.
   *
   * <p>Prerequisites: the files the specification names exist here; nothing runs in its folder.
   * Effect on success: a paused machine whose sockets listen. Effect on failure: none, nothing is
   * left running or on disk.
   */
  CompletionStage<Machine> start(MachineSpec spec);

  /**
   * Loads an image and leaves the VM paused where it was captured.
   *
   * <p>Prerequisites: those of {@link #start}; the specification is the one the image was captured
   * under, with its disks' files replaced by rebuilt ones ({@link DiskRebuild}), which belong to
   * the machine from this call on. Effect on success: a paused machine whose sockets listen, its
   * state loaded from an image whose every byte was checked. Effect on failure: none, nothing is
   * left running or on disk.
   *
   * @param image owned and closed by the hypervisor from this call on
   */
  CompletionStage<Machine> load(MachineSpec spec, ImageReader image);

  /**
   * As {@link #load(MachineSpec, ImageReader)}, or lazily: then the VM is left paused when its
   * devices are loaded, and may be resumed while its memory comes in; see {@link Machine#arrival}.
   * Every byte is checked before the VM gets it.
   *
   * @param opening the image while it is being opened, for which the start of the VM need not wait;
   *     owned and closed by the hypervisor from this call on
   * @param loading whether lazily; where that is asked for and does not work, the stage fails
   * @param hints about this image
   */
  default CompletionStage<Machine> load(
      MachineSpec spec,
      CompletionStage<? extends ImageReader> opening,
      Loading loading,
      StartHints hints) {
    return opening.thenCompose(
        image -> loading == Loading.LAZY ? refuse(spec, image) : load(spec, image));
  }

  private static CompletionStage<Machine> refuse(MachineSpec spec, ImageReader image) {
    HypervisorException refusal =
        new HypervisorException(
            "VM "
                + spec.name()
                + " could not be started: its hypervisor loads no memory lazily; restore without"
                + " --lazy");
    try {
      image.close();
    } catch (IOException e) {
      refusal.addSuppressed(e);
    }
    return CompletableFuture.failedStage(refusal);
  }
}
