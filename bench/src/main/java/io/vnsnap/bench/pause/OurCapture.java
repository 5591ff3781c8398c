package io.vnsnap.bench.pause;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.PauseRecord;
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

  OurCapture(OurVm vm, SnapshotStore store) {
    this.vm = vm;
    this.store = store;
  }

  @Override
  public String name() {
    return "vnsnap";
  }

  @Override
  public String description() {
    return "VNsnap, instant capture into its store";
  }

  @Override
  public Pause measure(int round) throws BenchmarkException, IOException, InterruptedException {
    String id = "round-" + round;
    long begun = System.nanoTime();
    vm.tell(new VmActor.Prepare(id, round, CaptureMode.INSTANT, PREPARE_DEADLINE));
    VmEvent.Prepared unused = vm.await(VmEvent.Prepared.class);
    vm.tell(new VmActor.Cut(id, round));
    PauseRecord pause = vm.await(VmEvent.CutMade.class).pause();
    long bytes = vm.await(VmEvent.ImageStored.class).image().getBytes();
    double whole = (System.nanoTime() - begun) / 1e6;
    store.discard(id);
    return new Pause(pause.getStopUs(), pause.getResumeUs(), bytes, whole);
  }
}
