package io.vnsnap.host.deployment;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import io.vnsnap.host.Failures;
import io.vnsnap.host.HostContext;
import io.vnsnap.net.Segment;
import io.vnsnap.proto.ConsoleOutput;
import io.vnsnap.proto.ConsoleRequest;
import io.vnsnap.proto.Deploy;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.VmExited;
import io.vnsnap.proto.VmProcess;
import io.vnsnap.proto.VmProgress;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One VNE deployment on one host: carries out the coordinator's orders and reports.
 *
 * <p>Design note. Steps of a deploy, in this order: work out the plan (blocking: manifest, channel
 * logs); open the segment of the network; start all VMs paused; as each is loaded, wire it: connect
 * its VNICs' ports and its console, and put the recorded frames into its gates. Only when all VMs
 * are wired is {@code Deployed} reported, so that after {@code Go} nothing is left that could fail.
 * Gates stay shut until then: a VM elsewhere that goes first finds them holding, not dropping.
 *
 * <p>It ends when it is undeployed; its parent reports that, once it counts the memory as free.
 *
 * <p>Orders are idempotent. A second {@code Deploy} of the same generation is answered from what is
 * known.
 */
public final class DeploymentActor extends AbstractBehavior<DeploymentActor.Command> {
  /** Progress is reported this often at most. */
  private static final Duration PROGRESS_INTERVAL = Duration.ofMillis(200);

  /** What a deployment takes. */
  public sealed interface Command {}

  /** A coordinator's order for this VNE and generation. */
  public record Order(HostOrder order) implements Command {}

  /** Concerns the console of one of its VMs. */
  public record Console(ConsoleRequest request, ActorRef<ConsoleOutput> replyTo)
      implements Command {}

  private record Planned(DeploymentPlan plan) implements Command {}

  private record OpeningFailed(String reason) implements Command {}

  private record DeployDeadlinePassed(long millis) implements Command {}

  record FromMember(String vm, MemberEvent event) implements Command {}

  /** The actor of a VM has ended other than by order, and with it the VM. */
  private record MemberCrashed(String vm) implements Command {}

  /** What the snapshots' half tells itself. */
  record FromStore(Runnable then) implements Command {}

  private record FoldersRemoved(Optional<Throwable> problem) implements Command {}

  private enum ReportProgress implements Command {
    TICK
  }

  private enum RepeatExits implements Command {
    TICK
  }

  /** How far this deployment has come. */
  private enum Phase {
    /** Nothing ordered yet. */
    NEW,
    /** VMs are being started or loaded. */
    DEPLOYING,
    /** All VMs are loaded, paused and wired. */
    DEPLOYED,
    /** VMs run. */
    RUNNING,
    /** The deploy did not succeed; only an undeploy helps. */
    FAILED,
    /** VMs are being ended. */
    UNDEPLOYING
  }

  private final HostContext host;
  private final DeploymentFolders folders;
  private final TimerScheduler<Command> timers;
  private final Map<String, ActorRef<MemberActor.Command>> members = new LinkedHashMap<>();
  private final Map<String, VmProcess> ready = new LinkedHashMap<>();
  private final Map<String, VmProgress> progress = new LinkedHashMap<>();
  private final Set<String> notRunning = new HashSet<>();
  private final Set<String> stopped = new HashSet<>();
  private final Reports reports;
  private final Exits exits;
  private final DeploymentSnapshots snapshots;
  private Phase phase = Phase.NEW;
  private String failure = "";
  private long firstResumeMicros = Long.MAX_VALUE;

  /**
   * True while the plan is worked out and the segment opened: an undeploy waits for it, so that
   * nothing is left open.
   */
  private boolean opening;

  /** True from when the last VM has stopped. */
  private boolean closing;

  private @Nullable Segment segment;

  /** A deployment that waits for its {@link Deploy} order. */
  public static Behavior<Command> create(HostContext host, String vne, int generation) {
    return Behaviors.setup(context ->
        Behaviors.withTimers(timers ->
            new DeploymentActor(
                context, timers, host, DeploymentFolders.of(host, vne, generation))));
  }

  private DeploymentActor(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      HostContext host,
      DeploymentFolders folders) {
    super(context);
    this.timers = timers;
    this.host = host;
    this.folders = folders;
    this.reports = new Reports(host, folders.vne(), folders.generation());
    this.exits = new Exits(reports::vmExited);
    this.snapshots = new DeploymentSnapshots(context, host, reports, members);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Command.class, this::onCommand)
        .onSignal(PostStop.class, stop -> onStop())
        .build();
  }

  private Behavior<Command> onCommand(Command command) {
    switch (command) {
      case Order order -> onOrder(order.order());
      case Console console -> onConsole(console);
      case Planned planned -> onPlanned(planned.plan());
      case OpeningFailed failed -> onOpeningFailed(failed.reason());
      case DeployDeadlinePassed passed ->
          onDeployFailed("not all VMs were ready within " + passed.millis() + " ms");
      case FromMember from -> onMemberEvent(from.vm(), from.event());
      case MemberCrashed crashed -> onMemberCrashed(crashed.vm());
      case FromStore done -> done.then().run();
      case ReportProgress tick -> onReportProgress();
      case RepeatExits tick -> onRepeatExits();
      case FoldersRemoved removed -> {
        return onFoldersRemoved(removed.problem());
      }
    }
    return this;
  }

  private void onOrder(HostOrder order) {
    switch (order.getKindCase()) {
      case DEPLOY -> onDeploy(order.getDeploy());
      case GO -> onGo();
      case UNDEPLOY -> onUndeploy();
      case PREPARE -> snapshots.onPrepare(order.getPrepare(), phase == Phase.RUNNING);
      case CUT -> snapshots.onCut(order.getCut(), phase == Phase.RUNNING);
      case ABORT -> snapshots.onAbort(order.getAbort());
      case SEAL -> snapshots.onSeal(order.getSeal());
      case KIND_NOT_SET ->
          getContext().getLog().warn("ignored an empty order for {}", folders.vne());
    }
  }

  // ---- deploy

  private void onDeploy(Deploy deploy) {
    switch (phase) {
      case NEW -> {
        phase = Phase.DEPLOYING;
        opening = true;
        timers.startTimerAtFixedRate(ReportProgress.TICK, PROGRESS_INTERVAL);
        timers.startSingleTimer(
            new DeployDeadlinePassed(deploy.getDeadlineMs()),
            Duration.ofMillis(deploy.getDeadlineMs()));
        getContext()
            .pipeToSelf(
                host.shared().blocking(() -> DeploymentPlan.read(host, folders, deploy)),
                (plan, problem) ->
                    plan != null ? new Planned(plan) : new OpeningFailed(Failures.reason(problem)));
      }
      case DEPLOYED ->
          exits.firstReason().ifPresentOrElse(reports::deployFailed, this::reportDeployed);
      case RUNNING -> reportDeployed();
      case FAILED -> reports.deployFailed(failure);
      case DEPLOYING -> {}
      case UNDEPLOYING -> reports.deployFailed("this deployment is being ended");
    }
  }

  private void onPlanned(DeploymentPlan plan) {
    opening = false;
    if (phase != Phase.DEPLOYING) {
      endWhenAllStopped();
      return;
    }
    Segment opened = host.dataPlane().createSegment(plan.segment());
    segment = opened;
    plan.vms().forEach((vm, member) -> members.put(vm, spawnMember(vm, member, opened)));
  }

  private ActorRef<MemberActor.Command> spawnMember(
      String vm, DeploymentPlan.VmPlan plan, Segment opened) {
    Consumer<MemberEvent> owner = event -> getContext().getSelf().tell(new FromMember(vm, event));
    ActorRef<MemberActor.Command> member =
        getContext().spawn(MemberActor.create(host, plan, opened, owner), "vm-" + vm);
    getContext().watchWith(member, new MemberCrashed(vm));
    return member;
  }

  private void onOpeningFailed(String reason) {
    opening = false;
    onDeployFailed(reason);
    endWhenAllStopped();
  }

  private void onDeployFailed(String reason) {
    if (phase == Phase.DEPLOYING) {
      phase = Phase.FAILED;
      failure = reason;
      reports.deployFailed(reason);
    }
  }

  private void onReady(String vm, VmProcess process) {
    ready.put(vm, process);
    if (phase == Phase.DEPLOYING && ready.keySet().containsAll(members.keySet())) {
      phase = Phase.DEPLOYED;
      reportDeployed();
    }
  }

  private void reportDeployed() {
    onReportProgress();
    reports.deployed(ready.values());
  }

  // ---- run and end

  private void onGo() {
    switch (phase) {
      case DEPLOYED -> {
        phase = Phase.RUNNING;
        notRunning.addAll(members.keySet());
        notRunning.removeAll(exits.vms());
        tellAll(new MemberActor.Go());
        reportRunningWhenAllDo();
      }
      case RUNNING -> {
        exits.report();
        reportRunningWhenAllDo();
      }
      case FAILED -> reports.deployFailed(failure);
      case UNDEPLOYING -> reports.deployFailed("this deployment is being ended");
      case NEW, DEPLOYING ->
          getContext().getLog().warn("ignored Go for {} while {}", folders.vne(), phase);
    }
  }

  private void onMemberRunning(String vm, long resumeMicros) {
    firstResumeMicros = Math.min(firstResumeMicros, resumeMicros);
    if (notRunning.remove(vm)) {
      reportRunningWhenAllDo();
    }
  }

  /** VMs that have exited do not keep the others from being reported. */
  private void reportRunningWhenAllDo() {
    if (phase == Phase.RUNNING && notRunning.isEmpty()) {
      reports.running(firstResumeMicros == Long.MAX_VALUE ? 0 : firstResumeMicros);
    }
  }

  private void onUndeploy() {
    if (phase == Phase.UNDEPLOYING) {
      return;
    }
    phase = Phase.UNDEPLOYING;
    timers.cancelAll();
    tellAll(new MemberActor.Stop());
    endWhenAllStopped();
  }

  private void onMemberStopped(String vm) {
    stopped.add(vm);
    endWhenAllStopped();
  }

  private void endWhenAllStopped() {
    if (phase != Phase.UNDEPLOYING
        || opening
        || closing
        || !stopped.containsAll(members.keySet())) {
      return;
    }
    closing = true;
    closeSegment();
    getContext()
        .pipeToSelf(
            host.shared()
                .blocking(() -> {
                  folders.remove();
                  return folders;
                }),
            (removed, problem) -> new FoldersRemoved(Optional.ofNullable(problem)));
  }

  private void closeSegment() {
    if (segment != null) {
      segment.close();
    }
  }

  private Behavior<Command> onFoldersRemoved(Optional<Throwable> problem) {
    problem.ifPresent(
        cause -> getContext().getLog().warn("could not remove {}", folders.run(), cause));
    return Behaviors.stopped();
  }

  /** By now all VMs are ended or being killed; without an undeploy this is after a crash. */
  private Behavior<Command> onStop() {
    closeSegment();
    return this;
  }

  // ---- members

  private void onMemberEvent(String vm, MemberEvent event) {
    switch (event) {
      case MemberEvent.Ready loaded -> onReady(vm, loaded.process());
      case MemberEvent.NotReady failed -> onDeployFailed(failed.reason());
      case MemberEvent.Running running -> onMemberRunning(vm, running.resumeMicros());
      case MemberEvent.Prepared prepared -> snapshots.onPrepared(vm, prepared.snapshotId());
      case MemberEvent.CutMade cut -> reports.vmCut(vm, cut);
      case MemberEvent.Stored stored -> reports.vmStored(stored.stored());
      case MemberEvent.SnapshotFailed failed ->
          reports.snapshotFailed(failed.snapshotId(), vm, failed.reason());
      case MemberEvent.AbortDone done -> snapshots.onAbortDone(vm, done.snapshotId());
      case MemberEvent.Exited ended -> onExited(vm, ended);
      case MemberEvent.Stopped ended -> onMemberStopped(vm);
      case MemberEvent.Cards trouble -> reports.vmCards(vm, trouble.cards());
      case MemberEvent.Progress bytes ->
          progress.put(
              vm,
              VmProgress.newBuilder()
                  .setVm(vm)
                  .setDoneBytes(bytes.doneBytes())
                  .setTotalBytes(bytes.totalBytes())
                  .build());
    }
  }

  /** Before Go there is nothing to deploy any more; after it the other VMs run on. */
  private void onExited(String vm, MemberEvent.Exited ended) {
    onDeployFailed("VM " + vm + ": " + ended.reason());
    exits.add(
        VmExited.newBuilder()
            .setVm(vm)
            .setReason(ended.reason())
            .setMemoryNotGiven(ended.memoryNotGiven())
            .build());
    if (phase != Phase.UNDEPLOYING) {
      timers.startTimerWithFixedDelay(RepeatExits.TICK, Exits.INTERVAL);
    }
    if (notRunning.remove(vm)) {
      reportRunningWhenAllDo();
    }
  }

  private void onRepeatExits() {
    if (!exits.repeat()) {
      timers.cancel(RepeatExits.TICK);
    }
  }

  private void onMemberCrashed(String vm) {
    stopped.add(vm);
    snapshots.onMemberCrashed(vm);
    if (phase != Phase.UNDEPLOYING && !exits.vms().contains(vm)) {
      onExited(
          vm,
          new MemberEvent.Exited(
              "what runs it on host " + host.name() + " has failed; see the log there", false));
    }
    endWhenAllStopped();
  }

  private void onReportProgress() {
    if (!progress.isEmpty()) {
      reports.progress(progress.values());
      progress.clear();
    }
  }

  private void onConsole(Console console) {
    ActorRef<MemberActor.Command> member = members.get(console.request().getVm());
    if (member == null) {
      console
          .replyTo()
          .tell(
              ConsoleOutput.newBuilder()
                  .setClosedReason(
                      "VM " + console.request().getVm() + " does not run on host " + host.name())
                  .build());
    } else {
      member.tell(new MemberActor.Console(console.request(), console.replyTo()));
    }
  }

  private void tellAll(MemberActor.Command command) {
    members.values().forEach(member -> member.tell(command));
  }
}
