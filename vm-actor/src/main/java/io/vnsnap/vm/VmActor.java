package io.vnsnap.vm;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Staging;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of one VM, from start or load to its end, with all its snapshots.
 *
 * <p>Design note. Orders are idempotent: one that comes again gets its report again, or none while
 * the report is still to come; one that cannot be followed is refused by a report. The actor
 * decides and keeps the state; what takes time is begun by it and comes back as a message. What it
 * does about snapshots is in {@link VmSnapshots}, which is this actor's other half.
 */
public final class VmActor extends AbstractBehavior<VmActor.Command> {
  private static final Logger log = LoggerFactory.getLogger(VmActor.class);

  /** What the actor takes. */
  public sealed interface Command {}

  /** From the owner. */
  public sealed interface Order extends Command {}

  /** From the owner, about a snapshot. */
  public sealed interface SnapshotOrder extends Order {
    String snapshotId();

    /** Of the gates after the cut. */
    int epoch();
  }

  /**
   * Start the VM, paused. Reported by {@link VmEvent.Loaded} or {@link VmEvent.LoadFailed}.
   *
   * @param load the state to load; empty: boot
   */
  public record Start(MachineSpec spec, Optional<Load> load) implements Order {}

  /**
   * A stored state: the VM's image in a snapshot.
   *
   * @param loading whether the VM may run before its memory is there
   */
  public record Load(String snapshotId, ImageRecord image, Loading loading) {}

  /** Run, and open the gates. Reported by {@link VmEvent.Running}. */
  public record Go() implements Order {}

  /** End the VM. Reported by {@link VmEvent.Stopped}. */
  public record Stop() implements Order {}

  /**
   * Get ready for a cut. Reported by {@link VmEvent.Prepared} or {@link VmEvent.CaptureFailed}.
   *
   * @param mode how memory is captured; AUTO: see {@link PausePrediction#mode}
   * @param staging where pages wait that are copied in rounds; unspecified: as configured
   * @param deadline if neither a cut nor an abort is ordered by then, the snapshot fails here
   */
  public record Prepare(
      String snapshotId, int epoch, CaptureMode mode, Staging staging, Duration deadline)
      implements SnapshotOrder {}

  /**
   * Make the cut at once. Reported by {@link VmEvent.CutMade} and {@link VmEvent.ImageStored}, or
   * by {@link VmEvent.CaptureFailed}.
   */
  public record Cut(String snapshotId, int epoch) implements SnapshotOrder {}

  /** Forget the snapshot, and move the gates to the epoch. Reported by AbortDone. */
  public record Abort(String snapshotId, int epoch) implements SnapshotOrder {}

  private record Started(@Nullable Machine machine, @Nullable Throwable failure)
      implements Command {}

  private record MachineExited(String reason) implements Command {}

  private record WentRunning(@Nullable Long at, @Nullable Throwable failure) implements Command {}

  private record MachineGone() implements Command {}

  private record ProgressDue() implements Command {}

  /** What the actor tells itself about a snapshot. */
  sealed interface SnapshotNote extends Command {}

  /** The gates may be held when it failed. */
  record PrepareEnded(
      String snapshotId, @Nullable Capture capture, @Nullable Throwable failure, boolean gatesHeld)
      implements SnapshotNote {}

  record CutEnded(String snapshotId, CutSequence.@Nullable Cut cut, @Nullable Throwable failure)
      implements SnapshotNote {}

  record StoreEnded(String snapshotId, @Nullable Stored stored, @Nullable Throwable failure)
      implements SnapshotNote {}

  /** What is durable of one VM: memory and devices, and each disk. */
  record Stored(ImageWriter.Committed image, List<DiskRecord> disks) {}

  record UndoEnded(String snapshotId, boolean movedGates, @Nullable Throwable failure)
      implements SnapshotNote {}

  record UndoDue(String snapshotId) implements SnapshotNote {}

  record DeadlinePassed(String snapshotId, int epoch) implements SnapshotNote {}

  /**
   * What a VM actor works with.
   *
   * @param host name of this host, for image records
   * @param vne name of the VNE that the VM belongs to
   * @param blocking runs what blocks: opening images in the store
   * @param clock in nanoseconds from an arbitrary start, never running back; asked by any thread
   * @param processorLoad share of this host's processor time that was busy lately, 0 to 1; asked by
   *     any thread, never blocks
   */
  public record Surroundings(
      String host,
      String vne,
      Hypervisor hypervisor,
      SnapshotStore store,
      Valves valves,
      Executor blocking,
      LongSupplier clock,
      DoubleSupplier processorLoad,
      VmSettings settings) {}

  private final String vm;
  private final Surroundings with;
  private final ActorRef<VmEvent> owner;
  private final TimerScheduler<Command> timers;
  private final Deadlines deadlines;
  private final VmSnapshots snapshots;
  private VmState state = new VmState.Idle();
  private CompletionStage<Machine> starting =
      CompletableFuture.failedStage(new IllegalStateException("not started"));
  private volatile @Nullable CountedImage loading;

  /** Whether memory comes in, the end of which was not reported. */
  private boolean arriving;

  private long memoryBytes;
  private List<String> vnics = List.of();

  /**
   * The actor of one VM that is not started yet.
   *
   * @param vm name of the VM
   * @param owner gets all reports
   */
  public static Behavior<Command> create(
      String vm, Surroundings surroundings, ActorRef<VmEvent> owner) {
    return Behaviors.setup(context ->
        Behaviors.withTimers(timers -> new VmActor(context, timers, vm, surroundings, owner)));
  }

  private VmActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      String vm,
      Surroundings surroundings,
      ActorRef<VmEvent> owner) {
    super(context);
    this.timers = timers;
    this.vm = vm;
    this.with = surroundings;
    this.owner = owner;
    this.deadlines =
        new Deadlines(context.getSystem().scheduler(), context.getSystem().executionContext());
    this.snapshots = new VmSnapshots(context, timers, vm, surroundings, owner);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onAnyMessage(this::onCommand)
        .onSignal(PostStop.class, signal -> onPostStop())
        .build();
  }

  private Behavior<Command> onCommand(Command command) {
    state =
        switch (command) {
          case Order order -> onOrder(order);
          case Started started -> onStarted(started);
          case WentRunning running -> onWentRunning(running);
          case MachineExited exited -> onMachineExited(exited);
          case MachineGone gone -> onMachineGone();
          case ProgressDue due -> onProgressDue();
          case SnapshotNote note -> onSnapshotNote(note);
        };
    return this;
  }

  private Behavior<Command> onPostStop() {
    starting.thenAccept(Machine::kill);
    return this;
  }

  private VmState onOrder(Order order) {
    return switch (state) {
      case VmState.Idle idle -> whenIdle(order);
      case VmState.Starting now -> whenStarting(order);
      case VmState.Loaded loaded -> whenLoaded(loaded, order);
      case VmState.Resuming resuming -> whenResuming(resuming, order);
      case VmState.Alive alive -> whenAlive(alive, order);
      case VmState.Ending ending -> whenEnding(order);
      case VmState.Ended ended -> whenEnded(ended, order);
    };
  }

  private VmState whenIdle(Order order) {
    return switch (order) {
      case Start start -> onStart(start);
      case Go go -> refuse("Go", "it was not started");
      case Stop stop -> endedAs(new VmEvent.Stopped(vm));
      case SnapshotOrder about -> snapshots.refuse(state, about, "it was not started");
    };
  }

  private VmState whenStarting(Order order) {
    return switch (order) {
      case Start again -> state;
      case Go go -> refuse("Go", "it is still being started");
      case Stop stop -> new VmState.Ending(new VmEvent.Stopped(vm));
      case SnapshotOrder about -> snapshots.refuse(state, about, "it is still being started");
    };
  }

  private VmState whenLoaded(VmState.Loaded loaded, Order order) {
    return switch (order) {
      case Start again -> say(loaded.report());
      case Go go -> onGo(loaded.machine());
      case Stop stop -> end(loaded.machine(), new VmEvent.Stopped(vm));
      case SnapshotOrder about -> snapshots.refuse(state, about, "it does not run yet");
    };
  }

  private VmState whenResuming(VmState.Resuming resuming, Order order) {
    return switch (order) {
      case Start start -> refuse("Start", "it is started already");
      case Go again -> state;
      case Stop stop -> end(resuming.machine(), new VmEvent.Stopped(vm));
      case SnapshotOrder about -> snapshots.refuse(state, about, "it does not run yet");
    };
  }

  private VmState whenAlive(VmState.Alive alive, Order order) {
    return switch (order) {
      case Start start -> refuse("Start", "it is started already");
      case Go again -> say(alive.live().report());
      case Stop stop -> {
        snapshots.vmEnds(alive, "the VM was stopped");
        yield end(alive.live().machine(), new VmEvent.Stopped(vm));
      }
      case SnapshotOrder about -> snapshots.onOrder(alive, about);
    };
  }

  private VmState whenEnding(Order order) {
    return switch (order) {
      case Start start -> refuse("Start", "it is being ended");
      case Go go -> refuse("Go", "it is being ended");
      case Stop stop -> new VmState.Ending(new VmEvent.Stopped(vm));
      case SnapshotOrder about -> snapshots.refuse(state, about, "it is being ended");
    };
  }

  private VmState whenEnded(VmState.Ended ended, Order order) {
    return switch (order) {
      case Start start -> say(ended.lastWord());
      case Go go -> say(ended.lastWord());
      case Stop stop -> endedAs(new VmEvent.Stopped(vm));
      case SnapshotOrder about -> snapshots.refuse(state, about, "it has ended");
    };
  }

  private VmState onStart(Start start) {
    vnics = start.spec().vnics().stream().map(MachineSpec.Vnic::name).toList();
    memoryBytes = (long) start.spec().memoryMib() << 20;
    snapshots.memory(memoryBytes);
    starting =
        start
            .load()
            .map(load -> load(start.spec(), load))
            .orElseGet(() -> with.hypervisor().start(start.spec()));
    getContext().pipeToSelf(starting, Started::new);
    timers.startTimerWithFixedDelay(new ProgressDue(), with.settings().progressInterval());
    return new VmState.Starting();
  }

  /** The image is opened while the VM is started: for a large one that takes as long. */
  private CompletionStage<Machine> load(MachineSpec spec, Load load) {
    CompletionStage<CountedImage> opening = BlockingWork.on(with.blocking(), () -> open(load));
    return BlockingWork.on(with.blocking(), () -> rebuildDisks(spec, load))
        .whenComplete((ready, failed) -> {
          if (failed != null) {
            opening.thenAcceptAsync(this::close, with.blocking());
          }
        })
        .thenCompose(ready ->
            with.hypervisor()
                .load(ready, opening, load.loading(), new StoredHints(with.store(), load.image())));
  }

  private void close(CountedImage image) {
    try {
      image.close();
    } catch (IOException e) {
      log.warn("VM {}: image not closed: {}", vm, e.toString());
    }
  }

  private CountedImage open(Load load) throws IOException {
    CountedImage image = new CountedImage(with.store().readImage(load.snapshotId(), load.image()));
    loading = image;
    return image;
  }

  private MachineSpec rebuildDisks(MachineSpec spec, Load load) throws IOException {
    return new DiskRebuild(with.store(), load.snapshotId()).into(spec, load.image().getDisksList());
  }

  private VmState onStarted(Started started) {
    Machine machine = started.machine();
    if (state instanceof VmState.Ending ending) {
      return machine == null ? endedAs(ending.lastWord()) : end(machine, ending.lastWord());
    }
    if (machine == null) {
      return endedAs(new VmEvent.LoadFailed(vm, reason(started.failure())));
    }
    getContext().pipeToSelf(machine.exited(), (how, failed) -> new MachineExited(how));
    VmEvent.Loaded loaded =
        new VmEvent.Loaded(
            vm,
            machine.pid(),
            machine.hypervisor(),
            machine.hypervisorVersion(),
            new VmEvent.Sockets(
                vnics.stream().map(machine::networkSocket).toList(), machine.consoleSocket()));
    owner.tell(loaded);
    arriving = machine.arrival().totalBytes() > 0;
    return new VmState.Loaded(machine, loaded);
  }

  private VmState onGo(Machine machine) {
    Duration limit = with.settings().stepDeadline();
    getContext()
        .pipeToSelf(
            deadlines
                .within(machine.resume(), limit, "resuming")
                .thenCompose(at ->
                    deadlines
                        .within(with.valves().open(), limit, "opening the gates")
                        .thenApply(open -> at)),
            WentRunning::new);
    return new VmState.Resuming(machine);
  }

  private VmState onWentRunning(WentRunning note) {
    if (!(state instanceof VmState.Resuming resuming)) {
      return state;
    }
    if (note.at() == null) {
      resuming.machine().kill();
      return end(resuming.machine(), lastWord(resuming.machine(), reason(note.failure())));
    }
    VmEvent.Running running = new VmEvent.Running(vm, note.at());
    owner.tell(running);
    return new VmState.Running(new VmState.Live(resuming.machine(), running, null));
  }

  private VmState onMachineExited(MachineExited exited) {
    return switch (state) {
      case VmState.Loaded loaded ->
          end(loaded.machine(), lastWord(loaded.machine(), exited.reason()));
      case VmState.Resuming resuming ->
          end(resuming.machine(), lastWord(resuming.machine(), exited.reason()));
      case VmState.Alive alive -> {
        snapshots.vmEnds(alive, exited.reason());
        Machine machine = alive.live().machine();
        yield end(machine, lastWord(machine, exited.reason()));
      }
      case VmState.Idle idle -> idle;
      case VmState.Starting now -> now;
      case VmState.Ending ending -> ending;
      case VmState.Ended ended -> ended;
    };
  }

  private VmEvent.Exited lastWord(Machine machine, String reason) {
    return new VmEvent.Exited(vm, reason, machine.arrival().fate() == Arrival.Fate.STORE_FAILED);
  }

  private VmState onSnapshotNote(SnapshotNote note) {
    if (!(state instanceof VmState.Alive alive)) {
      return state;
    }
    VmState.Alive next = snapshots.onNote(alive, note);
    String broken = snapshots.beyondRepair(next);
    if (broken == null) {
      return next;
    }
    next.live().machine().kill();
    return end(next.live().machine(), new VmEvent.Exited(vm, broken));
  }

  private VmState onMachineGone() {
    return state instanceof VmState.Ending ending ? endedAs(ending.lastWord()) : state;
  }

  private VmState onProgressDue() {
    CountedImage image = loading;
    if (state instanceof VmState.Starting && image != null) {
      owner.tell(new VmEvent.Progress(vm, image.done(), image.bytes()));
    } else if (state instanceof VmState.Storing storing) {
      owner.tell(
          new VmEvent.Progress(
              vm,
              storing.capture().bytes() + storing.disks().bytes(),
              memoryBytes + storing.disks().totalBytes()));
    } else if (arriving) {
      reportArrival();
    }
    return state;
  }

  private void reportArrival() {
    Machine machine =
        switch (state) {
          case VmState.Loaded loaded -> loaded.machine();
          case VmState.Resuming resuming -> resuming.machine();
          case VmState.Alive alive -> alive.live().machine();
          case VmState.Idle idle -> null;
          case VmState.Starting now -> null;
          case VmState.Ending ending -> null;
          case VmState.Ended ended -> null;
        };
    if (machine != null) {
      Arrival arrival = machine.arrival();
      long bytes = arrival.bytes();
      owner.tell(new VmEvent.Progress(vm, bytes, arrival.totalBytes()));
      arriving = bytes < arrival.totalBytes();
    }
  }

  private VmState end(Machine machine, VmEvent lastWord) {
    getContext().pipeToSelf(machine.shutdown(), (done, failed) -> new MachineGone());
    return new VmState.Ending(lastWord);
  }

  private VmState endedAs(VmEvent lastWord) {
    timers.cancelAll();
    owner.tell(lastWord);
    return new VmState.Ended(lastWord);
  }

  private VmState say(VmEvent event) {
    owner.tell(event);
    return state;
  }

  private VmState refuse(String order, String reason) {
    return say(new VmEvent.Refused(vm, order, reason));
  }

  private static String reason(@Nullable Throwable failure) {
    return failure == null ? "no reason was given" : HypervisorException.reason(failure);
  }
}
