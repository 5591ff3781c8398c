package io.vnsnap.vm;

import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.Staging;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets a VM ready for one cut: chooses how its memory is captured, opens the image and prepares the
 * capture. Of AUTO it makes the mode that {@link PausePrediction} prefers, and never one that
 * cannot work here. Stages complete on any thread.
 */
final class Preparation {
  private static final Logger log = LoggerFactory.getLogger(Preparation.class);

  private static final int PERCENT = 100;

  private final String vm;
  private final VmActor.Surroundings with;
  private final Deadlines deadlines;
  private final Machine machine;
  private final VmActor.Prepare order;
  private final Staging staging;
  private final AtomicBoolean gatesHeld = new AtomicBoolean();

  /**
   * @param staging MEMORY or DISK
   */
  Preparation(
      String vm,
      VmActor.Surroundings with,
      Deadlines deadlines,
      Machine machine,
      VmActor.Prepare order,
      Staging staging) {
    this.vm = vm;
    this.with = with;
    this.deadlines = deadlines;
    this.machine = machine;
    this.order = order;
    this.staging = staging;
  }

  /** Whether the gates were held for the cut; then they must be moved if it does not come. */
  boolean gatesHeld() {
    return gatesHeld.get();
  }

  /** Call once. */
  CompletionStage<Capture> run(PauseHistory history) {
    return mode(history)
        .thenCompose(mode -> {
          CapturePlan plan = new CapturePlan(mode, with.settings().rounds());
          return prepare(plan)
              .exceptionallyCompose(failed -> {
                if (RanAwayException.isBehind(failed)) {
                  log.info(
                      "VM {}: captured again, in one round: {}",
                      vm,
                      HypervisorException.reason(failed));
                  return prepare(plan.inOneRound());
                }
                return CompletableFuture.failedStage(failed);
              });
        });
  }

  private CompletionStage<Capture> prepare(CapturePlan plan) {
    return BlockingWork.on(with.blocking(), () -> openImage(plan.mode()))
        .thenCompose(writer -> machine.prepareCapture(plan, writer, network()));
  }

  private ImageWriter openImage(CaptureMode mode) throws IOException {
    MachineSpec.checkSnapshotId(order.snapshotId());
    ImageTarget.Staging pages =
        mode == CaptureMode.ROUNDS && staging == Staging.MEMORY
            ? ImageTarget.Staging.MEMORY
            : ImageTarget.Staging.DISK;
    return with.store().writeImage(new ImageTarget(order.snapshotId(), with.vne(), vm, pages));
  }

  // ---- mode ----

  private CompletionStage<CaptureMode> mode(PauseHistory history) {
    return switch (order.mode()) {
      case ROUNDS -> CompletableFuture.completedStage(CaptureMode.ROUNDS);
      case INSTANT -> machine.instantImpossible().thenCompose(Preparation::instantOrRefusal);
      case AUTO ->
          machine
              .instantImpossible()
              .thenCompose(why ->
                  why.isEmpty()
                      ? predicted(history)
                      : chosen(CaptureMode.ROUNDS, "INSTANT is not possible: " + why));
      case UNRECOGNIZED ->
          CompletableFuture.failedStage(
              new HypervisorException("the capture mode is not known to this host"));
    };
  }

  private static CompletionStage<CaptureMode> instantOrRefusal(String impossible) {
    return impossible.isEmpty()
        ? CompletableFuture.completedStage(CaptureMode.INSTANT)
        : CompletableFuture.failedStage(
            new HypervisorException(
                "INSTANT is not possible on this host: "
                    + impossible
                    + "; use mode auto or rounds"));
  }

  private CompletionStage<CaptureMode> predicted(PauseHistory history) {
    double load = with.processorLoad().getAsDouble();
    boolean busy = history.captured() && with.settings().auto().isBusy(load);
    if (history.dirtyMib() >= 0 || (!busy && PausePrediction.instantAnyway(history))) {
      return choose(PausePrediction.of(history, -1), busy, load);
    }
    return machine
        .dirtyRate()
        .thenCompose(rate -> choose(PausePrediction.of(history, rate), busy, load));
  }

  private CompletionStage<CaptureMode> choose(
      PausePrediction prediction, boolean busy, double load) {
    return chosen(
        prediction.mode(busy, with.settings().auto()),
        String.format(
            Locale.ROOT, "%s; processors busy %.0f %%", prediction.reason(), load * PERCENT));
  }

  private CompletionStage<CaptureMode> chosen(CaptureMode mode, String reason) {
    log.info("VM {}: capture mode {} for {}: {}", vm, mode, order.snapshotId(), reason);
    return CompletableFuture.completedStage(mode);
  }

  // ---- network ----

  private VmNetwork network() {
    Valves valves = with.valves();
    VmSettings settings = with.settings();
    return new VmNetwork() {
      @Override
      public CompletionStage<?> hold() {
        gatesHeld.set(true);
        return deadlines.within(
            valves.hold(order.epoch()), settings.holdDeadline(), "holding frames");
      }

      @Override
      public CompletionStage<?> shut() {
        return deadlines.within(valves.shut(), settings.holdDeadline(), "holding frames");
      }

      @Override
      public CompletionStage<?> reopen() {
        return deadlines.within(valves.reopen(), settings.holdDeadline(), "letting frames pass");
      }
    };
  }
}
