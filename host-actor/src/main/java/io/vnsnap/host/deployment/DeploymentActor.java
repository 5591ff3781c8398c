package io.vnsnap.host.deployment;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import io.vnsnap.host.Failures;
import io.vnsnap.host.HostContext;
import io.vnsnap.net.Segment;
import io.vnsnap.proto.Abort;
import io.vnsnap.proto.Aborted;
import io.vnsnap.proto.ConsoleOutput;
import io.vnsnap.proto.ConsoleRequest;
import io.vnsnap.proto.Cut;
import io.vnsnap.proto.Deploy;
import io.vnsnap.proto.DeployFailed;
import io.vnsnap.proto.Deployed;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Prepare;
import io.vnsnap.proto.Prepared;
import io.vnsnap.proto.Progress;
import io.vnsnap.proto.Running;
import io.vnsnap.proto.Seal;
import io.vnsnap.proto.Sealed;
import io.vnsnap.proto.SnapshotFailed;
import io.vnsnap.proto.Undeployed;
import io.vnsnap.proto.VmCut;
import io.vnsnap.proto.VmExited;
import io.vnsnap.proto.VmProcess;
import io.vnsnap.proto.VmProgress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
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

  private record SealFinished(String snapshotId, Optional<String> failure) implements Command {}

  private record Discarded(String snapshotId, Optional<Throwable> problem) implements Command {}

  private record FoldersRemoved(Optional<Throwable> problem) implements Command {}

  private enum ReportProgress implements Command {
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
  private final Set<String> notPrepared = new HashSet<>();
  private final Set<String> notAborted = new HashSet<>();
  private Phase phase = Phase.NEW;
  private String failure = "";
  private long firstResumeMicros = Long.MAX_VALUE;

  /**
   * True while the plan is worked out and the segment opened: an undeploy waits for it, so that
   * nothing is left open.
   */
  private boolean opening;

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
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder().onMessage(Command.class, this::onCommand).build();
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
      case SealFinished finished -> onSealFinished(finished);
      case Discarded discarded -> onDiscarded(discarded);
      case ReportProgress tick -> onReportProgress();
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
      case PREPARE -> onPrepare(order.getPrepare());
      case CUT -> onCut(order.getCut());
      case ABORT -> onAbort(order.getAbort());
      case SEAL -> onSeal(order.getSeal());
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
                CompletableFuture.supplyAsync(() -> plan(deploy), host.shared().blocking()),
                (plan, problem) -> plan != null ? new Planned(plan) : failed(problem));
      }
      case DEPLOYED, RUNNING -> reportDeployed();
      case FAILED -> reportDeployFailed();
      case DEPLOYING, UNDEPLOYING -> {}
    }
  }

  private DeploymentPlan plan(Deploy deploy) {
    try {
      return DeploymentPlan.read(host, folders, deploy);
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  private void onPlanned(DeploymentPlan plan) {
    if (phase != Phase.DEPLOYING) {
      opening = false;
      endWhenAllStopped();
      return;
    }
    opening = false;
    Segment opened = host.dataPlane().createSegment(plan.segment());
    segment = opened;
    plan.vms().forEach((vm, member) -> members.put(vm, spawnMember(vm, member, opened)));
  }

  private ActorRef<MemberActor.Command> spawnMember(
      String vm, DeploymentPlan.VmPlan plan, Segment opened) {
    Consumer<MemberEvent> owner = event -> getContext().getSelf().tell(new FromMember(vm, event));
    return getContext().spawn(MemberActor.create(host, plan, opened, owner), "vm-" + vm);
  }

  private static Command failed(Throwable problem) {
    return new OpeningFailed(Failures.reason(problem));
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
      reportDeployFailed();
    }
  }

  private void onReady(String vm, VmProcess process) {
    ready.put(vm, process);
    if (phase == Phase.DEPLOYING && ready.size() == members.size()) {
      phase = Phase.DEPLOYED;
      reportDeployed();
    }
  }

  private void reportDeployed() {
    onReportProgress();
    report(b -> b.setDeployed(Deployed.newBuilder().addAllVms(ready.values())));
  }

  private void reportDeployFailed() {
    report(b -> b.setDeployFailed(DeployFailed.newBuilder().setReason(failure)));
  }

  // ---- run and end

  private void onGo() {
    switch (phase) {
      case DEPLOYED -> {
        phase = Phase.RUNNING;
        notRunning.addAll(members.keySet());
        tellAll(new MemberActor.Go());
      }
      case RUNNING -> tellAll(new MemberActor.Go());
      case NEW, DEPLOYING, FAILED, UNDEPLOYING ->
          getContext().getLog().warn("ignored Go for {} while {}", folders.vne(), phase);
    }
  }

  private void onMemberRunning(String vm, long resumeMicros) {
    notRunning.remove(vm);
    firstResumeMicros = Math.min(firstResumeMicros, resumeMicros);
    if (notRunning.isEmpty()) {
      report(b -> b.setRunning(Running.newBuilder().setFirstResumeUs(firstResumeMicros)));
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
    if (phase != Phase.UNDEPLOYING || opening || !stopped.containsAll(members.keySet())) {
      return;
    }
    if (segment != null) {
      segment.close();
    }
    getContext()
        .pipeToSelf(
            CompletableFuture.runAsync(folders::removeRun, host.shared().blocking()),
            (nothing, problem) -> new FoldersRemoved(Optional.ofNullable(problem)));
  }

  private Behavior<Command> onFoldersRemoved(Optional<Throwable> problem) {
    problem.ifPresent(
        cause -> getContext().getLog().warn("could not remove {}", folders.run(), cause));
    report(b -> b.setUndeployed(Undeployed.getDefaultInstance()));
    return Behaviors.stopped();
  }

  private void onExited(String vm, String reason) {
    stopped.add(vm);
    report(b -> b.setVmExited(VmExited.newBuilder().setVm(vm).setReason(reason)));
  }

  // ---- snapshot

  private void onPrepare(Prepare prepare) {
    if (phase != Phase.RUNNING) {
      reportSnapshotFailed(
          prepare.getSnapshotId(), "", "the VNE does not run on host " + host.name());
      return;
    }
    notPrepared.clear();
    notPrepared.addAll(members.keySet());
    tellAll(
        new MemberActor.Prepare(
            prepare.getSnapshotId(),
            prepare.getEpoch(),
            prepare.getMode(),
            Duration.ofMillis(prepare.getDeadlineMs())));
  }

  private void onPrepared(String vm, String snapshotId) {
    if (notPrepared.remove(vm) && notPrepared.isEmpty()) {
      report(b -> b.setPrepared(Prepared.newBuilder().setSnapshotId(snapshotId)));
    }
  }

  private void onCut(Cut cut) {
    tellAll(new MemberActor.Cut(cut.getSnapshotId(), cut.getEpoch()));
  }

  private void onCutMade(String vm, MemberEvent.CutMade cut) {
    report(b ->
        b.setVmCut(
            VmCut.newBuilder()
                .setSnapshotId(cut.snapshotId())
                .setVm(vm)
                .setPause(cut.pause())
                .setFramesHeld(cut.framesHeld())));
  }

  private void onAbort(Abort abort) {
    notPrepared.clear();
    notAborted.addAll(members.keySet());
    tellAll(new MemberActor.Abort(abort.getSnapshotId(), abort.getEpoch()));
  }

  private void onAbortDone(String vm, String snapshotId) {
    if (notAborted.remove(vm) && notAborted.isEmpty()) {
      getContext()
          .pipeToSelf(
              CompletableFuture.runAsync(() -> discard(snapshotId), host.shared().blocking()),
              (nothing, problem) -> new Discarded(snapshotId, Optional.ofNullable(problem)));
    }
  }

  private void discard(String snapshotId) {
    try {
      host.shared().store().discard(snapshotId);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void onDiscarded(Discarded discarded) {
    discarded
        .problem()
        .ifPresent(cause ->
            getContext()
                .getLog()
                .warn(
                    "parts of the aborted snapshot {} stay in the store until it is deleted",
                    discarded.snapshotId(),
                    cause));
    report(b -> b.setAborted(Aborted.newBuilder().setSnapshotId(discarded.snapshotId())));
  }

  private void onSeal(Seal seal) {
    getContext()
        .pipeToSelf(
            CompletableFuture.runAsync(() -> seal(seal.getManifest()), host.shared().blocking()),
            (nothing, problem) ->
                new SealFinished(
                    seal.getManifest().getSnapshotId(),
                    Optional.ofNullable(problem).map(Failures::reason)));
  }

  private void seal(Manifest manifest) {
    try {
      host.shared().store().seal(manifest);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void onSealFinished(SealFinished finished) {
    finished
        .failure()
        .ifPresentOrElse(
            reason -> reportSnapshotFailed(finished.snapshotId(), "", reason),
            () ->
                report(b -> b.setSealed(Sealed.newBuilder().setSnapshotId(finished.snapshotId()))));
  }

  private void reportSnapshotFailed(String snapshotId, String vm, String reason) {
    report(b ->
        b.setSnapshotFailed(
            SnapshotFailed.newBuilder().setSnapshotId(snapshotId).setVm(vm).setReason(reason)));
  }

  // ---- members

  private void onMemberEvent(String vm, MemberEvent event) {
    switch (event) {
      case MemberEvent.Ready loaded -> onReady(vm, loaded.process());
      case MemberEvent.NotReady failed -> {
        stopped.add(vm);
        onDeployFailed(failed.reason());
        endWhenAllStopped();
      }
      case MemberEvent.Running running -> onMemberRunning(vm, running.resumeMicros());
      case MemberEvent.Prepared prepared -> onPrepared(vm, prepared.snapshotId());
      case MemberEvent.CutMade cut -> onCutMade(vm, cut);
      case MemberEvent.Stored stored -> report(b -> b.setVmStored(stored.stored()));
      case MemberEvent.SnapshotFailed failed ->
          reportSnapshotFailed(failed.snapshotId(), vm, failed.reason());
      case MemberEvent.AbortDone done -> onAbortDone(vm, done.snapshotId());
      case MemberEvent.Exited exited -> {
        onExited(vm, exited.reason());
        endWhenAllStopped();
      }
      case MemberEvent.Stopped ended -> onMemberStopped(vm);
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

  private void onReportProgress() {
    if (!progress.isEmpty()) {
      report(b -> b.setProgress(Progress.newBuilder().addAllVms(progress.values())));
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

  private void report(UnaryOperator<HostReport.Builder> kind) {
    host.shared()
        .reports()
        .accept(
            kind.apply(
                    HostReport.newBuilder()
                        .setVne(folders.vne())
                        .setGeneration(folders.generation())
                        .setHost(host.name()))
                .build());
  }
}
