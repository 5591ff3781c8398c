package io.vnsnap.vm;

import io.vnsnap.store.ImageWriter;
import java.util.concurrent.CompletionStage;

/** A capture that has been started, to be given up together with the disks of its cut. */
record DisksBehind(Capture memory, FrozenDisks disks) implements Capture {

  @Override
  public CompletionStage<Long> start() {
    return memory.start();
  }

  @Override
  public CompletionStage<ImageWriter.Committed> stored() {
    return memory.stored();
  }

  @Override
  public long bytes() {
    return memory.bytes();
  }

  /** The memory first: it is what may keep the VM from running. */
  @Override
  public CompletionStage<Void> cancel() {
    return memory.cancel().thenCompose(runs -> disks.cancel());
  }
}
