package io.vnsnap.coordinator;

import io.vnsnap.coordinator.Operation.Idle;
import io.vnsnap.coordinator.Operation.Placing;
import io.vnsnap.coordinator.Operation.Recovering;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.SnapshotFailed;
import io.vnsnap.proto.VmCut;
import io.vnsnap.proto.VmExited;
import io.vnsnap.proto.VmProgress;
import io.vnsnap.proto.VmStored;
import io.vnsnap.proto.VneEvent;
import java.util.List;
import java.util.Optional;

/**
 * What a host's report means to the step under way. A report of another generation or snapshot, of
 * a host or VM that is not part of the deployment, or of a step that is over changes nothing.
 */
final class ReportSteps {
  private final String name;
  private final Reach reach;
  private final StopSteps stops;
  private final DeploySteps deploys;
  private final SnapshotSteps snapshots;
  private final LazyFailure onLazyFailure;

  ReportSteps(
      String name,
      Reach reach,
      StopSteps stops,
      DeploySteps deploys,
      SnapshotSteps snapshots,
      LazyFailure onLazyFailure) {
    this.name = name;
    this.reach = reach;
    this.stops = stops;
    this.deploys = deploys;
    this.snapshots = snapshots;
    this.onLazyFailure = onLazyFailure;
  }

  Decision onReport(Vne vne, Operation operation, HostReport report) {
    if (!report.getVne().equals(name)) {
      return Decision.to(operation);
    }
    if (report.hasUndeployed()) {
      reach.settle(report.getHost(), report.getGeneration());
    }
    if (report.hasRunning() || report.hasDeployFailed()) {
      reach.answered(report.getHost(), report.getGeneration());
    }
    Optional<Deployment> current =
        vne.current()
            .filter(deployment -> deployment.generation() == report.getGeneration())
            .filter(deployment -> deployment.hosts().contains(report.getHost()));
    return current
        .map(deployment -> onCurrent(vne, deployment, operation, report))
        .orElseGet(() -> Decision.to(operation));
  }

  private Decision onCurrent(
      Vne vne, Deployment deployment, Operation operation, HostReport report) {
    String host = report.getHost();
    Decision stay = Decision.to(operation);
    return switch (report.getKindCase()) {
      case DEPLOYED ->
          operation instanceof DeployInProgress deploy
              ? deploys.onDeployed(deployment, deploy, host, report.getDeployed())
              : stay;
      case DEPLOY_FAILED ->
          operation instanceof DeployInProgress deploy
              ? deploys.onFailed(deployment, deploy, host, report.getDeployFailed().getReason())
              : onNothingRuns(
                  vne, deployment, operation, host, report.getDeployFailed().getReason());
      case RUNNING ->
          operation instanceof DeployInProgress deploy ? deploys.onRunning(deploy, host) : stay;
      case UNDEPLOYED ->
          operation instanceof StopInProgress stop ? stops.onUndeployed(stop, host) : stay;
      case PREPARED ->
          operation instanceof SnapshotInProgress snapshot
                  && isOf(snapshot, report.getPrepared().getSnapshotId())
              ? snapshots.onPrepared(snapshot, host)
              : stay;
      case VM_CUT -> onVmCut(deployment, operation, host, report.getVmCut());
      case VM_STORED -> onVmStored(vne, deployment, operation, host, report.getVmStored());
      case SNAPSHOT_FAILED -> onSnapshotFailed(operation, host, report.getSnapshotFailed());
      case ABORTED ->
          operation instanceof AbortInProgress abort
                  && abort.request().getSnapshotId().equals(report.getAborted().getSnapshotId())
              ? snapshots.onAborted(deployment, abort, host)
              : stay;
      case SEALED ->
          operation instanceof SnapshotInProgress snapshot
                  && isOf(snapshot, report.getSealed().getSnapshotId())
              ? snapshots.onSealed(snapshot)
              : stay;
      case VM_EXITED -> onVmExited(vne, deployment, operation, host, report.getVmExited());
      case PROGRESS -> {
        report.getProgress().getVmsList().stream()
            .filter(progress -> deployment.runsOn(progress.getVm(), host))
            .forEach((VmProgress progress) -> reach.progressed(progress));
        yield stay;
      }
      case VM_CARDS -> {
        if (deployment.runsOn(report.getVmCards().getVm(), host)) {
          reach.troubled(report.getGeneration(), report.getVmCards());
        }
        yield stay;
      }
      case KIND_NOT_SET -> stay;
    };
  }

  private static boolean isOf(SnapshotInProgress snapshot, String snapshotId) {
    return snapshot.request().getSnapshotId().equals(snapshotId);
  }

  private Decision onVmCut(Deployment deployment, Operation operation, String host, VmCut report) {
    return operation instanceof SnapshotInProgress snapshot
            && isOf(snapshot, report.getSnapshotId())
            && deployment.runsOn(report.getVm(), host)
        ? snapshots.onCut(snapshot, report)
        : Decision.to(operation);
  }

  private Decision onVmStored(
      Vne vne, Deployment deployment, Operation operation, String host, VmStored report) {
    return operation instanceof SnapshotInProgress snapshot
            && vne instanceof Vne.Snapshotting snapshotting
            && isOf(snapshot, report.getSnapshotId())
            && deployment.runsOn(report.getImage().getVm(), host)
        ? snapshots.onStored(snapshotting, snapshot, report)
        : Decision.to(operation);
  }

  private Decision onSnapshotFailed(Operation operation, String host, SnapshotFailed report) {
    if (operation instanceof SnapshotInProgress snapshot
        && isOf(snapshot, report.getSnapshotId())) {
      String where =
          report.getVm().isEmpty() ? "host " + host : "VM " + report.getVm() + " on host " + host;
      return snapshots.abort(snapshot, where + ": " + report.getReason());
    }
    return Decision.to(operation);
  }

  private Decision onVmExited(
      Vne vne, Deployment deployment, Operation operation, String host, VmExited report) {
    String vm = report.getVm();
    if (!deployment.runsOn(vm, host)) {
      return Decision.to(operation);
    }
    String reason = "it ended on host " + host + ": " + report.getReason();
    String line = "VM " + vm + ": " + reason;
    return switch (operation) {
      case DeployInProgress deploy -> deploys.onLost(deployment, deploy, vm, reason);
      case SnapshotInProgress snapshot ->
          snapshots.abort(snapshot, line).persist(deploys.lost(vm, reason));
      case StopInProgress stop -> Decision.to(stop);
      case Idle idle when report.getMemoryNotGiven() && restoresAgain(vne, deployment) ->
          restoreAgain(vne, deployment, vm, reason);
      case Idle idle -> lost(vne, idle, vm, reason);
      case AbortInProgress abort -> lost(vne, abort, vm, reason);
      case Placing placing -> lost(vne, placing, vm, reason);
      case Recovering recovering -> lost(vne, recovering, vm, reason);
    };
  }

  private boolean restoresAgain(Vne vne, Deployment deployment) {
    return onLazyFailure == LazyFailure.RESTORE
        && vne instanceof Vne.Running
        && deployment.isRestore();
  }

  /**
   * The store did not give a VM the rest of its memory. Nobody has taken a snapshot of this
   * deployment since, for that waits for the memory; so nothing but the time since the restore is
   * lost by another one. It is tried once: loaded in full, this cannot come again. A VM that was
   * lost while the deployment was busy is reported again for a while.
   */
  private Decision restoreAgain(Vne vne, Deployment deployment, String vm, String reason) {
    Decision again = deploys.restoreAgain(deployment);
    if (isNew(vne, vm)) {
      again.persist(deploys.lost(vm, reason));
    }
    return again.note(
        "VNE "
            + name
            + " is restored from "
            + deployment.order().getSnapshotId()
            + " again, in full: VM "
            + vm
            + ": "
            + reason);
  }

  /**
   * The answer to a Go that asks what has become of VMs that run: the host was started anew, and
   * they are gone.
   */
  private Decision onNothingRuns(
      Vne vne, Deployment deployment, Operation operation, String host, String why) {
    String reason = "host " + host + " lost it: " + why;
    List<VneEvent> lost =
        deployment.vmsOn(host).stream()
            .filter(vm -> isNew(vne, vm))
            .map(vm -> deploys.lost(vm, reason))
            .toList();
    if (lost.isEmpty()) {
      return Decision.to(operation);
    }
    String line = "host " + host + ": " + why;
    return operation instanceof SnapshotInProgress snapshot
        ? snapshots.abort(snapshot, line).persistAll(lost)
        : Decision.to(operation).persistAll(lost).note("VNE " + name + " is degraded: " + line);
  }

  private static boolean isNew(Vne vne, String lost) {
    return switch (vne) {
      case Vne.Running running -> !running.lost().containsKey(lost);
      case Vne.Snapshotting snapshotting -> !snapshotting.running().lost().containsKey(lost);
      case Vne.Deploying deploying -> false;
      case Vne.Stopping stopping -> false;
      case Vne.Down down -> false;
    };
  }

  private Decision lost(Vne vne, Operation operation, String vm, String reason) {
    return isNew(vne, vm)
        ? Decision.to(operation)
            .persistAll(List.of(deploys.lost(vm, reason)))
            .note("VNE " + name + " is degraded: VM " + vm + ": " + reason)
        : Decision.to(operation);
  }
}
