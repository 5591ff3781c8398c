package io.vnsnap.simulation.world;

import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.RoundRecord;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.CapturePlan;
import io.vnsnap.vm.FrozenDisks;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.VmNetwork;
import io.vnsnap.vm.sim.SimulatedMachine;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * A machine whose operations take time, and fail as their contracts say they may: where the effect
 * of a failure is unknown, they may have been carried out.
 */
final class MoodyMachine implements Machine {
  private static final long STEP_NANOS = 150_000;

  private final Machine sound;
  private final Mischief mischief;

  MoodyMachine(Machine sound, Mischief mischief) {
    this.sound = sound;
    this.mischief = mischief;
  }

  /** What its guest says of itself. */
  CompletionStage<String> report() {
    return ((SimulatedMachine) sound).report();
  }

  private <T> CompletionStage<T> step(Supplier<CompletionStage<T>> work) {
    return mischief.delayed(STEP_NANOS, work);
  }

  private <T> CompletionStage<T> uncertain(String what, Supplier<CompletionStage<T>> work) {
    return step(() -> {
      if (!mischief.fails()) {
        return work.get();
      }
      return mischief.coin() ? work.get().thenCompose(done -> failed(what)) : failed(what);
    });
  }

  private static <T> CompletionStage<T> failed(String what) {
    return CompletableFuture.failedStage(
        new HypervisorException("the hypervisor does not answer: " + what));
  }

  @Override
  public String hypervisor() {
    return sound.hypervisor();
  }

  @Override
  public String hypervisorVersion() {
    return sound.hypervisorVersion();
  }

  @Override
  public long pid() {
    return sound.pid();
  }

  @Override
  public Path networkSocket(String vnic) {
    return sound.networkSocket(vnic);
  }

  @Override
  public Path consoleSocket() {
    return sound.consoleSocket();
  }

  @Override
  public CompletionStage<String> exited() {
    return sound.exited();
  }

  @Override
  public CompletionStage<Long> resume() {
    return uncertain("resume", sound::resume);
  }

  @Override
  public CompletionStage<Long> pause() {
    return uncertain("pause", sound::pause);
  }

  @Override
  public CompletionStage<Capture> prepareCapture(
      CapturePlan plan, ImageWriter writer, VmNetwork network) {
    return step(() -> sound.prepareCapture(plan, writer, network).thenApply(MoodyCapture::new));
  }

  @Override
  public CompletionStage<FrozenDisks> freezeDisks(String snapshotId) {
    return step(() -> mischief.fails() ? failed("freeze") : sound.freezeDisks(snapshotId));
  }

  @Override
  public CompletionStage<Void> shutdown() {
    return step(sound::shutdown);
  }

  @Override
  public CompletionStage<Void> kill() {
    return sound.kill();
  }

  /** The same of a capture. */
  private final class MoodyCapture implements Capture {
    private final Capture capture;

    MoodyCapture(Capture capture) {
      this.capture = capture;
    }

    @Override
    public CaptureMode mode() {
      return capture.mode();
    }

    @Override
    public CompletionStage<Void> brace() {
      return capture.brace();
    }

    @Override
    public List<RoundRecord> rounds() {
      return capture.rounds();
    }

    @Override
    public CompletionStage<Long> start() {
      return uncertain("start the capture", capture::start);
    }

    @Override
    public CompletionStage<ImageWriter.Committed> stored() {
      return capture.stored();
    }

    @Override
    public long bytes() {
      return capture.bytes();
    }

    @Override
    public CompletionStage<Void> cancel() {
      return uncertain("cancel the capture", capture::cancel);
    }
  }
}
