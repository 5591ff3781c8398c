package io.vnsnap.host.deployment;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import io.vnsnap.host.Failures;
import io.vnsnap.host.HostContext;
import io.vnsnap.host.console.ConsoleActor;
import io.vnsnap.net.Segment;
import io.vnsnap.net.Vnic;
import io.vnsnap.net.VnicActor;
import io.vnsnap.net.VnicEvent;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.ConsoleOutput;
import io.vnsnap.proto.ConsoleRequest;
import io.vnsnap.proto.Staging;
import io.vnsnap.proto.VmProcess;
import io.vnsnap.proto.VmStored;
import io.vnsnap.vm.VmActor;
import io.vnsnap.vm.VmEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One VM of a deployment with its VNICs and its console: wires them to each other and makes one
 * part of a snapshot of what each of them has to say.
 *
 * <p>Design note. The VM actor decides the order of a cut and commands the gates through {@link
 * VnicValves}; what the gates have to say comes here: a red frame or marker at a white gate ({@code
 * RedSeen}) is passed to the VM actor as the order to cut, which it is, and closed logs are put
 * together with the image in {@link VmParts}. A log may close before the image is stored or after
 * it.
 */
final class MemberActor extends AbstractBehavior<MemberActor.Command> {

  sealed interface Command {}

  record Go() implements Command {}

  /**
   * Get ready for a cut.
   *
   * @param deadline for the cut
   * @param abandon for all of the VM's part; then it is given up, since its coordinator is gone
   */
  record Prepare(
      String snapshotId,
      int epoch,
      CaptureMode mode,
      Staging staging,
      Duration deadline,
      Duration abandon)
      implements Command {}

  record Cut(String snapshotId, int epoch) implements Command {}

  record Abort(String snapshotId, int epoch) implements Command {}

  private record Abandon(Abort abort) implements Command {}

  record Stop() implements Command {}

  record Console(ConsoleRequest request, ActorRef<ConsoleOutput> replyTo) implements Command {}

  private record FromVm(VmEvent event) implements Command {}

  private record FromVnic(VnicEvent event) implements Command {}

  private record Wired(Optional<String> failure) implements Command {}

  private record LogsWritten(VmStored stored) implements Command {}

  private record LogsNotWritten(String snapshotId, String reason) implements Command {}

  private record AbortSettled(String snapshotId) implements Command {}

  private record ConsoleGone() implements Command {}

  private record Rehearsed(Prepare prepare, Optional<String> failure) implements Command {}

  private record VnicsClosed() implements Command {}

  private record CheckOnVm(int vnic, String reason) implements Command {}

  private enum LookAtCards implements Command {
    TICK
  }

  private record CardsCounted(List<VnicActor.Counted> counted) implements Command {}

  /** A VM that ends closes its sockets first; when it has ended is known by then. */
  private static final Duration VM_ENDS = Duration.ofSeconds(2);

  private final TimerScheduler<Command> timers;
  private final HostContext host;
  private final DeploymentPlan.VmPlan plan;
  private final Consumer<MemberEvent> owner;
  private final VnicValves valves;
  private final CardTroubles cards;
  private final ActorRef<VmActor.Command> vm;
  private final LogStoring logs;
  private final MemberConsole console = new MemberConsole();
  private Optional<VmParts> parts = Optional.empty();
  private boolean stopping;
  private boolean ended;

  private VmEvent.@Nullable Loaded loaded;

  /**
   * Starts the VM, paused.
   *
   * @param owner told of everything that happens, from this actor's thread
   */
  static Behavior<Command> create(
      HostContext host, DeploymentPlan.VmPlan plan, Segment segment, Consumer<MemberEvent> owner) {
    return Behaviors.setup(context ->
        Behaviors.withTimers(
            timers -> new MemberActor(context, timers, host, plan, segment, owner)));
  }

  private MemberActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      HostContext host,
      DeploymentPlan.VmPlan plan,
      Segment segment,
      Consumer<MemberEvent> owner) {
    super(context);
    context.setLoggerName(MemberActor.class);
    this.timers = timers;
    this.host = host;
    this.plan = plan;
    this.owner = owner;
    this.cards = new CardTroubles(plan.vnics());
    this.logs = new LogStoring(host);
    ActorRef<VnicEvent> vnicEvents = context.messageAdapter(VnicEvent.class, FromVnic::new);
    List<ActorRef<VnicActor.Command>> vnics = new ArrayList<>();
    for (Vnic vnic : plan.vnics()) {
      ActorRef<VnicActor.Command> actor =
          context.spawn(
              VnicActor.create(segment, vnic.number(), vnicEvents), "vnic-" + vnic.name());
      context.watch(actor);
      vnics.add(actor);
    }
    this.valves = new VnicValves(vnics);
    ActorRef<VmEvent> vmEvents = context.messageAdapter(VmEvent.class, FromVm::new);
    VmActor.Surroundings surroundings =
        new VmActor.Surroundings(
            host.name(),
            plan.vne(),
            host.vms().hypervisor(),
            host.shared().store(),
            valves,
            host.shared().blocking(),
            host.vms().clock(),
            host.vms().processorLoad(),
            host.vms().settings());
    this.vm =
        context.spawn(VmActor.create(plan.machine().name(), surroundings, vmEvents), "machine");
    context.watch(vm);
    vm.tell(new VmActor.Start(plan.machine(), plan.load()));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Command.class, this::onCommand)
        .onSignal(Terminated.class, this::onTerminated)
        .build();
  }

  /** VNICs end when they are closed. Any other end leaves a VM that nobody can cut or stop. */
  private Behavior<Command> onTerminated(Terminated part) {
    if (stopping && !part.getRef().path().equals(vm.path())) {
      return this;
    }
    getContext()
        .getLog()
        .error("VM {} is ended: {} has failed", plan.machine().name(), part.getRef());
    return Behaviors.stopped();
  }

  private Behavior<Command> onCommand(Command command) {
    switch (command) {
      case Go go -> vm.tell(new VmActor.Go());
      case Prepare prepare -> onPrepare(prepare);
      case Cut cut -> onCut(cut);
      case Abort abort -> onAbort(abort);
      case Abandon abandon -> onAbandon(abandon);
      case Stop stop -> {
        stopping = true;
        vm.tell(new VmActor.Stop());
      }
      case Console asked -> console.ask(asked.request(), asked.replyTo());
      case FromVm from -> onVmEvent(from.event());
      case FromVnic from -> onVnicEvent(from.event());
      case Wired wired -> onWired(wired.failure());
      case LogsWritten written -> onLogsWritten(written.stored());
      case LogsNotWritten failed ->
          owner.accept(new MemberEvent.SnapshotFailed(failed.snapshotId(), failed.reason()));
      case AbortSettled settled -> owner.accept(new MemberEvent.AbortDone(settled.snapshotId()));
      case ConsoleGone gone -> console.gone();
      case Rehearsed rehearsed -> onRehearsed(rehearsed);
      case CheckOnVm check -> onCheckOnVm(check);
      case LookAtCards tick -> onLookAtCards();
      case CardsCounted done -> onCardsCounted(done.counted());
      case VnicsClosed closed -> owner.accept(new MemberEvent.Stopped());
    }
    return this;
  }

  private void onVmEvent(VmEvent event) {
    switch (event) {
      case VmEvent.Loaded paused -> onLoaded(paused);
      case VmEvent.LoadFailed failed -> owner.accept(new MemberEvent.NotReady(failed.reason()));
      case VmEvent.Running running -> owner.accept(new MemberEvent.Running(running.resumeMicros()));
      case VmEvent.Refused refused ->
          getContext()
              .getLog()
              .warn("VM {} refused {}: {}", refused.vm(), refused.order(), refused.reason());
      case VmEvent.Prepared prepared ->
          owner.accept(new MemberEvent.Prepared(prepared.snapshotId()));
      case VmEvent.CutMade cut ->
          owner.accept(new MemberEvent.CutMade(cut.snapshotId(), cut.pause(), cut.framesHeld()));
      case VmEvent.ImageStored stored -> onImageStored(stored);
      case VmEvent.CaptureFailed failed ->
          owner.accept(new MemberEvent.SnapshotFailed(failed.snapshotId(), failed.reason()));
      case VmEvent.AbortDone done -> onAbortDone(done.snapshotId());
      case VmEvent.Exited exited -> {
        ended = true;
        owner.accept(new MemberEvent.Exited(exited.reason(), exited.memoryNotGiven()));
      }
      case VmEvent.Stopped stopped -> onStopped();
      case VmEvent.Progress progress ->
          owner.accept(new MemberEvent.Progress(progress.doneBytes(), progress.totalBytes()));
    }
  }

  // ---- wiring

  private void onLoaded(VmEvent.Loaded paused) {
    loaded = paused;
    ActorRef<ConsoleActor.Command> spawned =
        getContext()
            .spawn(
                ConsoleActor.create(paused.sockets().console(), host.vms().consoles()), "console");
    getContext().watchWith(spawned, new ConsoleGone());
    console.opened(spawned);
    getContext()
        .pipeToSelf(
            valves.connect(plan, paused.sockets().network()),
            (done, problem) -> new Wired(Optional.ofNullable(problem).map(Failures::reason)));
  }

  private void onWired(Optional<String> failure) {
    if (loaded == null) {
      return;
    }
    if (failure.isPresent()) {
      owner.accept(
          new MemberEvent.NotReady("the network of VM " + loaded.vm() + ": " + failure.get()));
      return;
    }
    owner.accept(
        new MemberEvent.Ready(
            VmProcess.newBuilder()
                .setVm(loaded.vm())
                .setPid(loaded.pid())
                .setHypervisor(loaded.hypervisor())
                .setHypervisorVersion(loaded.version())
                .build()));
  }

  private void onStopped() {
    getContext().pipeToSelf(valves.close(), (done, problem) -> new VnicsClosed());
  }

  // ---- snapshot

  private void onPrepare(Prepare prepare) {
    if (current(prepare.snapshotId()).isPresent()) {
      tellToPrepare(prepare);
      return;
    }
    parts =
        Optional.of(
            new VmParts(
                prepare.snapshotId(),
                prepare.epoch(),
                plan.vnics().stream().map(Vnic::number).toList()));
    if (prepare.abandon().isPositive()) {
      timers.startSingleTimer(
          Abandon.class,
          new Abandon(new Abort(prepare.snapshotId(), prepare.epoch())),
          prepare.abandon());
    }
    getContext()
        .pipeToSelf(
            valves.rehearse(),
            (done, problem) ->
                new Rehearsed(prepare, Optional.ofNullable(problem).map(Failures::reason)));
  }

  private void onRehearsed(Rehearsed rehearsed) {
    Prepare prepare = rehearsed.prepare();
    if (current(prepare.snapshotId()).isEmpty()) {
      return; // aborted meanwhile
    }
    rehearsed
        .failure()
        .ifPresentOrElse(
            reason -> owner.accept(new MemberEvent.SnapshotFailed(prepare.snapshotId(), reason)),
            () -> tellToPrepare(prepare));
  }

  private Optional<VmParts> current(String snapshotId) {
    return parts.filter(now -> now.snapshotId().equals(snapshotId));
  }

  private void tellToPrepare(Prepare prepare) {
    vm.tell(
        new VmActor.Prepare(
            prepare.snapshotId(),
            prepare.epoch(),
            prepare.mode(),
            prepare.staging(),
            prepare.deadline()));
  }

  private void onCut(Cut cut) {
    if (current(cut.snapshotId()).isPresent()) {
      vm.tell(new VmActor.Cut(cut.snapshotId(), cut.epoch()));
    } else {
      owner.accept(
          new MemberEvent.SnapshotFailed(
              cut.snapshotId(), "VM " + plan.machine().name() + " is not prepared for it"));
    }
  }

  private void onAbandon(Abandon abandon) {
    Abort abort = abandon.abort();
    if (current(abort.snapshotId()).filter(now -> now.stored().isEmpty()).isPresent()) {
      getContext()
          .getLog()
          .warn(
              "VM {} gives snapshot {} up by itself: its coordinator has been silent for too long",
              plan.machine().name(),
              abort.snapshotId());
      onAbort(abort);
    }
  }

  private void onAbort(Abort abort) {
    parts = parts.filter(now -> !now.snapshotId().equals(abort.snapshotId()));
    vm.tell(new VmActor.Abort(abort.snapshotId(), abort.epoch()));
  }

  /** A log that is still being written would be left in the store. */
  private void onAbortDone(String snapshotId) {
    getContext().pipeToSelf(logs.settled(), (done, problem) -> new AbortSettled(snapshotId));
  }

  private void onVnicEvent(VnicEvent event) {
    switch (event) {
      case VnicEvent.RedSeen red ->
          current(red.epoch())
              .ifPresent(now -> vm.tell(new VmActor.Cut(now.snapshotId(), red.epoch())));
      case VnicEvent.LogClosed closed ->
          current(closed.epoch())
              .ifPresent(now -> {
                now.add(closed);
                storeWhenComplete(now);
              });
      case VnicEvent.RecordingFailed failed -> snapshotFailed(failed.epoch(), failed.reason());
      case VnicEvent.HoldExpired expired ->
          snapshotFailed(
              expired.epoch(), "its gate was shut for too long and has opened by itself");
      case VnicEvent.Refusing refusing -> reportCards();
      case VnicEvent.PortClosed closed ->
          timers.startSingleTimer(
              new CheckOnVm(closed.vnic(), ""),
              new CheckOnVm(closed.vnic(), closed.reason()),
              VM_ENDS);
    }
  }

  /** A card that lost its socket gets no other one in this life of the VM. */
  private void onCheckOnVm(CheckOnVm check) {
    if (stopping || ended) {
      return;
    }
    cards.disconnected(check.vnic(), check.reason());
    reportCards();
    getContext()
        .getLog()
        .warn(
            "VM {} runs on without its network card {}: {}. What is sent to it is dropped and counted; restore the VNE, or take it down",
            plan.machine().name(),
            cards.name(check.vnic()),
            check.reason());
  }

  /** Now, and again and again: the numbers change, and a report may be lost. */
  private void reportCards() {
    timers.startTimerWithFixedDelay(LookAtCards.TICK, Duration.ZERO, CardTroubles.INTERVAL);
  }

  private void onLookAtCards() {
    if (stopping || ended) {
      timers.cancel(LookAtCards.TICK);
      return;
    }
    getContext()
        .pipeToSelf(
            valves.count(),
            (counted, problem) -> new CardsCounted(counted != null ? counted : List.of()));
  }

  private void onCardsCounted(List<VnicActor.Counted> counted) {
    if (!stopping && !ended && !counted.isEmpty()) {
      owner.accept(new MemberEvent.Cards(cards.report(counted)));
    }
  }

  private Optional<VmParts> current(int epoch) {
    return parts.filter(now -> now.epoch() == epoch);
  }

  private void snapshotFailed(int epoch, String reason) {
    current(epoch)
        .ifPresent(now -> owner.accept(new MemberEvent.SnapshotFailed(now.snapshotId(), reason)));
  }

  private void onImageStored(VmEvent.ImageStored stored) {
    parts
        .filter(now -> now.snapshotId().equals(stored.snapshotId()))
        .ifPresent(now -> {
          now.add(stored.image());
          now.stored().ifPresent(again -> owner.accept(new MemberEvent.Stored(again)));
          storeWhenComplete(now);
        });
  }

  private void storeWhenComplete(VmParts now) {
    now.takeWhenComplete()
        .ifPresent(image -> {
          getContext()
              .pipeToSelf(
                  logs.write(now.snapshotId(), image, now.logs()),
                  (stored, problem) ->
                      stored != null
                          ? new LogsWritten(stored)
                          : new LogsNotWritten(now.snapshotId(), Failures.reason(problem)));
        });
  }

  private void onLogsWritten(VmStored stored) {
    parts
        .filter(now -> now.snapshotId().equals(stored.getSnapshotId()))
        .ifPresent(now -> {
          now.becameDurable(stored);
          owner.accept(new MemberEvent.Stored(stored));
        });
  }
}
