package io.vnsnap.vm;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.TimerScheduler;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.PauseRecord;
import io.vnsnap.proto.RoundRecord;
import io.vnsnap.proto.Staging;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.VmState.Alive;
import io.vnsnap.vm.VmState.Attempt;
import io.vnsnap.vm.VmState.Cutting;
import io.vnsnap.vm.VmState.Live;
import io.vnsnap.vm.VmState.Prepared;
import io.vnsnap.vm.VmState.Preparing;
import io.vnsnap.vm.VmState.Running;
import io.vnsnap.vm.VmState.Snapshotting;
import io.vnsnap.vm.VmState.Storing;
import io.vnsnap.vm.VmState.Undoing;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What {@link VmActor} does about snapshots; used by it alone, on its thread.
 *
 * <p>Design note. A cut's steps follow each other without the actor ({@link CutSequence}), because
 * the VM is paused meanwhile.
 *
 * <p>No VM stays paused: whatever fails between an order to prepare and the stored image leads to
 * {@link Undoing}, which waits until nothing is under way, then cancels the capture, which resumes
 * the VM, and if need be moves the gates to the snapshot's epoch. That is tried again until it
 * succeeds; if it never does, the VM is beyond repair and is ended. If neither a cut nor an abort
 * is ordered by the deadline of the preparation, the same happens by itself.
 *
 * <p>Gates are moved after a failed cut, for they may be shut; when an abort asks for it; and when
 * the deadline passes. Not when only the preparation failed: red frames would make other VMs cut
 * for a snapshot that has failed.
 */
final class VmSnapshots {
  private static final Logger log = LoggerFactory.getLogger(VmSnapshots.class);

  private static final double MICROS_PER_MILLI = 1000;
  private static final double PAGE_MIB = ImageReader.PAGE_BYTES / (double) (1 << 20);

  private enum Timer {
    DEADLINE,
    UNDO
  }

  private final ActorContext<VmActor.Command> context;
  private final TimerScheduler<VmActor.Command> timers;
  private final String vm;
  private final VmActor.Surroundings with;
  private final ActorRef<VmEvent> owner;
  private final Deadlines deadlines;
  private PauseHistory history = PauseHistory.of(0);

  VmSnapshots(
      ActorContext<VmActor.Command> context,
      TimerScheduler<VmActor.Command> timers,
      String vm,
      VmActor.Surroundings surroundings,
      ActorRef<VmEvent> owner) {
    this.context = context;
    this.timers = timers;
    this.vm = vm;
    this.with = surroundings;
    this.owner = owner;
    this.deadlines =
        new Deadlines(context.getSystem().scheduler(), context.getSystem().executionContext());
  }

  /** Told once, before any order: bytes of memory that the VM has. */
  void memory(long bytes) {
    history = PauseHistory.of(bytes);
  }

  // ---- orders ----

  Alive onOrder(Alive state, VmActor.SnapshotOrder order) {
    return switch (state) {
      case Running running -> whenRunning(running, order);
      case Snapshotting other when !other.attempt().isOf(order.snapshotId()) ->
          whenBusy(other, order);
      case Preparing preparing -> whenPreparing(preparing, order);
      case Prepared prepared -> whenPrepared(prepared, order);
      case Cutting cutting -> whenCutting(cutting, order);
      case Storing storing -> whenStoring(storing, order);
      case Undoing undoing -> whenUndoing(undoing, order);
    };
  }

  private Alive whenRunning(Running running, VmActor.SnapshotOrder order) {
    Live live = running.live();
    return switch (order) {
      case VmActor.Prepare prepare ->
          live.knows(prepare.snapshotId()) ? repeat(running) : onPrepare(running, prepare);
      case VmActor.Cut cut ->
          live.knows(cut.snapshotId())
              ? repeat(running)
              : refuse(running, cut, "it is not prepared");
      case VmActor.Abort abort -> {
        timers.cancel(Timer.DEADLINE);
        yield undo(new Undoing(live, settled(live, abort), true, true, 0));
      }
    };
  }

  /** Of two snapshots of one VNE at a time there is nothing to abort but the one in progress. */
  private Alive whenBusy(Snapshotting busy, VmActor.SnapshotOrder order) {
    return refuse(busy, order, "snapshot " + busy.attempt().snapshotId() + " is in progress");
  }

  private Alive whenPreparing(Preparing preparing, VmActor.SnapshotOrder order) {
    return switch (order) {
      case VmActor.Prepare again -> preparing;
      case VmActor.Cut cut -> fail(preparing, "the cut was ordered before it was prepared", true);
      case VmActor.Abort abort -> abort(preparing);
    };
  }

  private Alive whenPrepared(Prepared prepared, VmActor.SnapshotOrder order) {
    return switch (order) {
      case VmActor.Prepare again ->
          say(prepared, new VmEvent.Prepared(vm, prepared.attempt().snapshotId()));
      case VmActor.Cut cut -> onCut(prepared);
      case VmActor.Abort abort -> abort(prepared);
    };
  }

  private Alive whenCutting(Cutting cutting, VmActor.SnapshotOrder order) {
    return switch (order) {
      case VmActor.Prepare again -> cutting;
      case VmActor.Cut again -> cutting;
      case VmActor.Abort abort -> {
        cutting.sequence().abandon();
        yield abort(cutting);
      }
    };
  }

  private Alive whenStoring(Storing storing, VmActor.SnapshotOrder order) {
    return switch (order) {
      case VmActor.Prepare again -> say(storing, storing.cut());
      case VmActor.Cut again -> say(storing, storing.cut());
      case VmActor.Abort abort -> abort(storing);
    };
  }

  private Alive whenUndoing(Undoing undoing, VmActor.SnapshotOrder order) {
    return switch (order) {
      case VmActor.Prepare prepare -> refuse(undoing, prepare, "it is being taken back");
      case VmActor.Cut cut -> refuse(undoing, cut, "it is being taken back");
      case VmActor.Abort abort -> undoing.asAborted();
    };
  }

  /** Answers an order that cannot be followed; the state stays. */
  <S extends VmState> S refuse(S state, VmActor.SnapshotOrder order, String reason) {
    owner.tell(
        switch (order) {
          case VmActor.Prepare prepare ->
              new VmEvent.CaptureFailed(vm, prepare.snapshotId(), cannot("prepare", reason));
          case VmActor.Cut cut ->
              new VmEvent.CaptureFailed(vm, cut.snapshotId(), cannot("cut", reason));
          // Whoever aborts wants to know that nothing of the snapshot is left here; nothing is.
          case VmActor.Abort abort -> new VmEvent.AbortDone(vm, abort.snapshotId());
        });
    return state;
  }

  private String cannot(String what, String reason) {
    return "VM " + vm + " cannot " + what + ": " + reason;
  }

  // ---- prepare ----

  private Alive onPrepare(Running running, VmActor.Prepare order) {
    Staging staging =
        order.staging() == Staging.MEMORY || order.staging() == Staging.DISK
            ? order.staging()
            : with.settings().rounds().staging();
    Preparation preparation =
        new Preparation(vm, with, deadlines, running.live().machine(), order, staging);
    CompletionStage<Capture> capture = preparation.run(history);
    context.pipeToSelf(
        capture,
        (ready, failed) ->
            new VmActor.PrepareEnded(order.snapshotId(), ready, failed, preparation.gatesHeld()));
    timers.startSingleTimer(
        Timer.DEADLINE,
        new VmActor.DeadlinePassed(order.snapshotId(), order.epoch()),
        order.deadline());
    return new Preparing(
        running.live(),
        new Attempt(
            order.snapshotId(),
            order.epoch(),
            staging,
            capture.handle((ready, failed) -> ready),
            List.of()));
  }

  private Alive onPrepareEnded(Alive state, VmActor.PrepareEnded note) {
    if (!(state instanceof Preparing preparing) || !preparing.attempt().isOf(note.snapshotId())) {
      return state;
    }
    if (note.capture() == null) {
      return fail(preparing, reason(note.failure()), note.gatesHeld());
    }
    owner.tell(new VmEvent.Prepared(vm, note.snapshotId()));
    return new Prepared(preparing.live(), preparing.attempt(), note.capture());
  }

  // ---- cut and store ----

  private Alive onCut(Prepared prepared) {
    timers.cancel(Timer.DEADLINE);
    Attempt attempt = prepared.attempt();
    Capture capture = prepared.capture();
    CutSequence sequence = new CutSequence(prepared.live().machine(), with, deadlines);
    CompletionStage<CutSequence.Cut> cut =
        sequence.run(capture, attempt.snapshotId(), attempt.epoch());
    context.pipeToSelf(
        cut, (made, failed) -> new VmActor.CutEnded(attempt.snapshotId(), made, failed));
    return new Cutting(
        prepared.live(),
        attempt.settledBy(cut.handle((made, failed) -> capture)),
        capture,
        sequence);
  }

  private Alive onCutEnded(Alive state, VmActor.CutEnded note) {
    if (!(state instanceof Cutting cutting) || !cutting.attempt().isOf(note.snapshotId())) {
      return state;
    }
    CutSequence.Cut cut = note.cut();
    if (cut == null) {
      return fail(cutting, reason(note.failure()), true);
    }
    VmEvent.CutMade made =
        new VmEvent.CutMade(vm, note.snapshotId(), cut.pause(), cut.framesHeld());
    owner.tell(made);
    log.info("VM {} was cut for {}: {}", vm, note.snapshotId(), cutting.sequence().account());
    Capture capture = cutting.capture();
    context.pipeToSelf(
        stored(note.snapshotId(), capture, cut.disks()),
        (stored, failed) -> new VmActor.StoreEnded(note.snapshotId(), stored, failed));
    return new Storing(
        cutting.live(),
        cutting
            .attempt()
            .settledBy(CompletableFuture.completedStage(new DisksBehind(capture, cut.disks())))
            .reported(made),
        capture,
        cut.disks(),
        made);
  }

  /**
   * The memory first: while it is taken the guest may have to wait, for its disks it never does.
   */
  private CompletionStage<VmActor.Stored> stored(
      String snapshotId, Capture capture, FrozenDisks disks) {
    ImageTarget target = ImageTarget.of(snapshotId, with.vne(), vm);
    return capture
        .stored()
        .thenCompose(image ->
            disks
                .store(with.store(), target)
                .thenApply(records -> new VmActor.Stored(image, records)));
  }

  private Alive onStoreEnded(Alive state, VmActor.StoreEnded note) {
    if (!(state instanceof Storing storing) || !storing.attempt().isOf(note.snapshotId())) {
      return state;
    }
    if (note.stored() == null) {
      return fail(storing, reason(note.failure()), true);
    }
    VmEvent.ImageStored stored =
        new VmEvent.ImageStored(vm, note.snapshotId(), record(storing, note.stored()));
    owner.tell(stored);
    learn(storing);
    return new Running(storing.live().with(storing.attempt().reported(stored).outcome()));
  }

  private ImageRecord record(Storing storing, VmActor.Stored stored) {
    ImageWriter.Committed image = stored.image();
    Machine machine = storing.live().machine();
    Capture capture = storing.capture();
    ImageRecord.Builder record =
        ImageRecord.newBuilder()
            .setVm(vm)
            .setHost(with.host())
            .setHypervisor(machine.hypervisor())
            .setHypervisorVersion(machine.hypervisorVersion())
            .setBytes(image.bytes())
            .setSha256(image.sha256())
            .setObject(image.object())
            .setAddedBytes(image.addedBytes())
            .setPause(storing.cut().pause())
            .addAllDisks(stored.disks())
            .setMode(capture.mode())
            .addAllRounds(capture.rounds())
            .setStalledUs(capture.stalledMicros());
    if (capture.mode() == CaptureMode.ROUNDS) {
      record.setStaging(storing.attempt().staging());
    }
    return record.build();
  }

  /** What the capture tells about the next one's pause. */
  private void learn(Storing storing) {
    PauseRecord pause = storing.cut().pause();
    double millis = (pause.getResumeUs() - pause.getStopUs()) / MICROS_PER_MILLI;
    Capture capture = storing.capture();
    if (capture.mode() == CaptureMode.INSTANT) {
      history = history.afterInstant(millis);
    } else if (!capture.rounds().isEmpty()) {
      RoundRecord afterCut = capture.rounds().getLast();
      history = history.afterRounds(millis, afterCut.getPages() * PAGE_MIB);
    }
  }

  // ---- failing and undoing ----

  private Alive fail(Snapshotting state, String reason, boolean moveGates) {
    VmEvent.CaptureFailed failed =
        new VmEvent.CaptureFailed(
            vm, state.attempt().snapshotId(), "VM " + vm + " was not captured: " + reason);
    owner.tell(failed);
    return undo(new Undoing(state.live(), state.attempt().reported(failed), moveGates, false, 0));
  }

  private Alive abort(Snapshotting state) {
    timers.cancel(Timer.DEADLINE);
    return undo(new Undoing(state.live(), state.attempt(), true, true, 0));
  }

  /** An attempt that is over already, or never was one. */
  private static Attempt settled(Live live, VmActor.Abort abort) {
    List<VmEvent> reports =
        live.last() != null && live.knows(abort.snapshotId()) ? live.last().reports() : List.of();
    return new Attempt(
        abort.snapshotId(),
        abort.epoch(),
        Staging.STAGING_UNSPECIFIED,
        CompletableFuture.completedStage(null),
        reports);
  }

  private Undoing undo(Undoing undoing) {
    Attempt attempt = undoing.attempt();
    boolean moveGates = undoing.moveGates();
    CompletionStage<Void> undone =
        attempt
            .settled()
            .thenCompose(capture -> {
              CompletionStage<Void> runs = bringBack(undoing.live().machine(), capture);
              return moveGates ? afterwards(runs, () -> moveGates(attempt)) : runs;
            });
    context.pipeToSelf(
        undone, (done, failed) -> new VmActor.UndoEnded(attempt.snapshotId(), moveGates, failed));
    return undoing;
  }

  /** The second step whatever becomes of the first; fails if either does. */
  private static CompletionStage<Void> afterwards(
      CompletionStage<Void> first, Supplier<CompletionStage<Void>> second) {
    return first
        .handle((done, failed) -> second.get().thenCompose(also -> first))
        .thenCompose(both -> both);
  }

  private static CompletionStage<Void> bringBack(Machine machine, @Nullable Capture capture) {
    return capture != null ? capture.cancel() : machine.resume().thenApply(at -> null);
  }

  private CompletionStage<Void> moveGates(Attempt attempt) {
    return deadlines.within(
        with.valves().abort(attempt.epoch()), with.settings().stepDeadline(), "moving the gates");
  }

  private Alive onUndoEnded(Alive state, VmActor.UndoEnded note) {
    if (!(state instanceof Undoing undoing) || !undoing.attempt().isOf(note.snapshotId())) {
      return state;
    }
    if (note.failure() != null) {
      log.warn(
          "VM {} is not brought back from snapshot {} yet: {}",
          vm,
          note.snapshotId(),
          reason(note.failure()));
      timers.startSingleTimer(
          Timer.UNDO, new VmActor.UndoDue(note.snapshotId()), with.settings().resumeInterval());
      return undoing.again();
    }
    if (undoing.moveGates() && !note.movedGates()) {
      return undo(undoing);
    }
    if (undoing.aborted()) {
      owner.tell(new VmEvent.AbortDone(vm, note.snapshotId()));
    }
    if (undoing.moveGates()) {
      timers.cancel(Timer.DEADLINE);
    }
    return new Running(undoing.live().with(undoing.attempt().outcome()));
  }

  /** Says why the VM must be given up, if it must. */
  @Nullable String beyondRepair(Alive state) {
    return state instanceof Undoing undoing && undoing.tries() >= with.settings().resumeTries()
        ? "it could not be brought back after snapshot "
            + undoing.attempt().snapshotId()
            + " failed, and was ended"
        : null;
  }

  private Alive onUndoDue(Alive state, VmActor.UndoDue note) {
    return state instanceof Undoing undoing && undoing.attempt().isOf(note.snapshotId())
        ? undo(undoing)
        : state;
  }

  /** No cut and no abort was ordered in time. */
  private Alive onDeadlinePassed(Alive state, VmActor.DeadlinePassed note) {
    if (state instanceof Running running && running.live().knows(note.snapshotId())) {
      VmActor.Abort own = new VmActor.Abort(note.snapshotId(), note.epoch());
      return undo(new Undoing(running.live(), settled(running.live(), own), true, false, 0));
    }
    if (!(state instanceof Snapshotting busy) || !busy.attempt().isOf(note.snapshotId())) {
      return state;
    }
    return switch (busy) {
      case Preparing preparing -> fail(preparing, "it was not prepared in time", true);
      case Prepared prepared -> fail(prepared, "no cut was ordered in time", true);
      case Undoing undoing -> undoing.movingGates();
      case Cutting cutting -> cutting;
      case Storing storing -> storing;
    };
  }

  Alive onNote(Alive state, VmActor.SnapshotNote note) {
    return switch (note) {
      case VmActor.PrepareEnded ended -> onPrepareEnded(state, ended);
      case VmActor.CutEnded ended -> onCutEnded(state, ended);
      case VmActor.StoreEnded ended -> onStoreEnded(state, ended);
      case VmActor.UndoEnded ended -> onUndoEnded(state, ended);
      case VmActor.UndoDue due -> onUndoDue(state, due);
      case VmActor.DeadlinePassed passed -> onDeadlinePassed(state, passed);
    };
  }

  /** The VM ends, asked to or not: a snapshot in progress has failed. */
  void vmEnds(Alive state, String reason) {
    timers.cancel(Timer.DEADLINE);
    timers.cancel(Timer.UNDO);
    if (state instanceof Cutting cutting) {
      cutting.sequence().abandon();
    }
    if (state instanceof Undoing undoing) {
      if (undoing.aborted()) {
        owner.tell(new VmEvent.AbortDone(vm, undoing.attempt().snapshotId()));
      }
    } else if (state instanceof Snapshotting busy) {
      owner.tell(
          new VmEvent.CaptureFailed(
              vm, busy.attempt().snapshotId(), "VM " + vm + " was not captured: " + reason));
    }
  }

  private Alive repeat(Running running) {
    if (running.live().last() != null) {
      running.live().last().reports().forEach(owner::tell);
    }
    return running;
  }

  private Alive say(Alive state, VmEvent event) {
    owner.tell(event);
    return state;
  }

  private static String reason(@Nullable Throwable failure) {
    return failure == null ? "no reason was given" : HypervisorException.reason(failure);
  }
}
