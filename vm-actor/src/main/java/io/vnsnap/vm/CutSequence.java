package io.vnsnap.vm;

import io.vnsnap.proto.PauseRecord;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The steps of one VM's cut, each begun as the one before completes, without a detour through the
 * actor's mailbox: the VM is paused meanwhile.
 *
 * <p>Design note: why in this order.
 *
 * <ol>
 *   <li>Brace: a capture in rounds may be reading one; it comes to rest first.
 *   <li>Hold: QEMU would take frames while the VM is stopped that are in no saved state. None may
 *       be under way when it stops.
 *   <li>Pause. From here on the VM sends nothing.
 *   <li>Turn red: what is still in its sockets was sent before the pause, is white, and is read
 *       first. It must be complete before the VM can run again, so before the capture starts.
 *   <li>Freeze disks, at the same instant of the guest's life as its memory.
 *   <li>Start the capture, which lets the VM run when its memory is protected (INSTANT) or copied
 *       (ROUNDS).
 *   <li>Release what was held, to the VM that now is past its cut.
 * </ol>
 *
 * Every step has a deadline, so the sequence always ends; what it leaves behind when it fails is
 * the actor's to undo.
 */
final class CutSequence {
  private static final double NANOS_PER_MILLI = 1e6;

  private final Machine machine;
  private final Valves valves;
  private final VmSettings settings;
  private final Deadlines deadlines;
  private final LongSupplier clock;
  private final List<String> account = new CopyOnWriteArrayList<>();
  private volatile boolean abandoned;

  /**
   * What a cut came to.
   *
   * @param pause by the hypervisor's clock
   * @param framesHeld for the VM while its gates were shut
   * @param disks as they were at the cut
   */
  record Cut(PauseRecord pause, long framesHeld, FrozenDisks disks) {}

  CutSequence(Machine machine, VmActor.Surroundings with, Deadlines deadlines) {
    this.machine = machine;
    this.valves = with.valves();
    this.settings = with.settings();
    this.deadlines = deadlines;
    this.clock = with.clock();
  }

  /** The steps completed so far and how long each took, for people. */
  String account() {
    return String.join(", ", account);
  }

  /** Begins no further step; the sequence then fails, unless the last step was begun already. */
  void abandon() {
    abandoned = true;
  }

  /** Makes the cut. Call once. */
  CompletionStage<Cut> run(Capture capture, String snapshotId, int epoch) {
    PauseRecord.Builder pause = PauseRecord.newBuilder();
    return step("bracing", capture::brace)
        .thenCompose(
            braced -> step("holding frames", settings.holdDeadline(), () -> valves.hold(epoch)))
        .thenCompose(held -> step("pausing", machine::pause))
        .thenAccept(pause::setStopUs)
        .thenCompose(paused -> step("reading out frames", () -> valves.turnRed(epoch)))
        .thenCompose(red -> step("freezing disks", () -> machine.freezeDisks(snapshotId)))
        .thenCompose(disks ->
            step("starting the capture", capture::start)
                .thenAccept(pause::setResumeUs)
                .thenCompose(resumed -> step("releasing frames", () -> valves.release(epoch)))
                .thenApply(frames -> new Cut(pause.build(), frames, disks)));
  }

  private <T> CompletionStage<T> step(String name, Supplier<CompletionStage<T>> body) {
    return step(name, settings.stepDeadline(), body);
  }

  private <T> CompletionStage<T> step(
      String name, Duration limit, Supplier<CompletionStage<T>> body) {
    if (abandoned) {
      return CompletableFuture.failedStage(new CancellationException("abandoned before " + name));
    }
    long begun = clock.getAsLong();
    return deadlines
        .within(body.get(), limit, name)
        .thenApply(result -> {
          double millis = (clock.getAsLong() - begun) / NANOS_PER_MILLI;
          account.add(String.format(Locale.ROOT, "%s %.1f ms", name, millis));
          return result;
        });
  }
}
