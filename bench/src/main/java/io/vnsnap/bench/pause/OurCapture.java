package io.vnsnap.bench.pause;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.PauseRecord;
import io.vnsnap.proto.Staging;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.vm.VmActor;
import io.vnsnap.vm.VmEvent;
import java.io.IOException;
import java.time.Duration;

/** What a host does with each of its VMs in a snapshot, into a store, durably. */
final class OurCapture implements Way {
  private static final Duration PREPARE_DEADLINE = Duration.ofMinutes(1);

  private final OurVm vm;
  private final SnapshotStore store;
  private final CaptureMode mode;
  private int epochs;

  OurCapture(OurVm vm, SnapshotStore store, CaptureMode mode) {
    this.vm = vm;
    this.store = store;
    this.mode = mode;
  }

  @Override
  public String name() {
    return mode == CaptureMode.INSTANT ? "vnsnap" : "vnsnap-rounds";
  }

  @Override
  public String description() {
    return mode == CaptureMode.INSTANT
        ? "VNsnap, instant capture into its store"
        : "VNsnap, capture in rounds into its store";
  }

  @Override
  public Pause measure(int round) throws BenchmarkException, IOException, InterruptedException {
    String id = name() + "-" + round;
    int epoch = ++epochs;
    long begun = System.nanoTime();
    vm.tell(new VmActor.Prepare(id, epoch, mode, Staging.STAGING_UNSPECIFIED, PREPARE_DEADLINE));
    VmEvent.Prepared unused = vm.await(VmEvent.Prepared.class);
    vm.tell(new VmActor.Cut(id, epoch));
    PauseRecord pause = vm.await(VmEvent.CutMade.class).pause();
    long bytes = vm.await(VmEvent.ImageStored.class).image().getBytes();
    double whole = (System.nanoTime() - begun) / 1e6;
    store.discard(id);
    return new Pause(pause.getStopUs(), pause.getResumeUs(), bytes, whole);
  }
}
