package io.vnsnap.coordinator;

import static java.util.stream.Collectors.joining;

import io.vnsnap.coordinator.Vne.Deploying;
import io.vnsnap.coordinator.Vne.Down;
import io.vnsnap.coordinator.Vne.Running;
import io.vnsnap.coordinator.Vne.Snapshotting;
import io.vnsnap.coordinator.Vne.Stopping;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.VmProcess;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VmStatus;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneStatus;
import java.util.List;

/** What a client sees of a VNE. */
final class StatusView {
  private final String name;
  private final Reach reach;

  StatusView(String name, Reach reach) {
    this.name = name;
    this.reach = reach;
  }

  VneReply reply(Vne vne, Operation operation) {
    return VneReply.newBuilder().setStatus(status(vne, operation)).build();
  }

  VneStatus status(Vne vne, Operation operation) {
    VneStatus.Builder status =
        VneStatus.newBuilder()
            .setVne(name)
            .setPhase(phase(vne, operation))
            .setStep(operation.step())
            .setGeneration(vne.history().lastGeneration())
            .setEpoch(vne.history().epoch())
            .setLastSnapshotId(vne.history().lastSnapshotId())
            .setLastFailure(lastFailure(vne));
    vne.current()
        .ifPresent(deployment -> {
          status.setTopology(deployment.topology());
          for (VmSpec vm : deployment.topology().getVmsList()) {
            status.addVms(vm(vne, operation, deployment, vm.getName()));
          }
        });
    return status.build();
  }

  /** Why a snapshot of this deployment is impossible now; empty if it is not. */
  String degradation(Running running) {
    if (!running.lost().isEmpty()) {
      return running.lost().entrySet().stream()
          .map(entry -> "VM " + entry.getKey() + ": " + entry.getValue())
          .collect(joining("; "));
    }
    return reach.missing(running.deployment()).stream()
        .map(host -> "host " + host + " cannot be reached")
        .collect(joining("; "));
  }

  private String lastFailure(Vne vne) {
    String degradation = vne instanceof Running running ? degradation(running) : "";
    return degradation.isEmpty() ? vne.history().lastFailure() : degradation;
  }

  private Phase phase(Vne vne, Operation operation) {
    return switch (vne) {
      case Down down ->
          operation instanceof Operation.Placing placing
              ? (placing.plan().isRestore() ? Phase.RESTORING : Phase.DEPLOYING)
              : Phase.DOWN;
      case Deploying deploying ->
          deploying.deployment().isRestore() ? Phase.RESTORING : Phase.DEPLOYING;
      case Running running -> degradation(running).isEmpty() ? Phase.RUNNING : Phase.DEGRADED;
      case Snapshotting snapshotting -> Phase.SNAPSHOTTING;
      case Stopping stopping ->
          operation instanceof StopInProgress stop && stop.next().isPresent()
              ? Phase.RESTORING
              : Phase.STOPPING;
    };
  }

  private VmStatus vm(Vne vne, Operation operation, Deployment deployment, String vm) {
    String host = deployment.hostOf(vm);
    VmStatus.Builder status =
        VmStatus.newBuilder().setVm(vm).setHost(host).setState(vmState(vne, operation, vm, host));
    processes(deployment, operation).stream()
        .filter(process -> process.getVm().equals(vm))
        .findFirst()
        .ifPresent(process ->
            status.setPid(process.getPid()).setHypervisorVersion(process.getHypervisorVersion()));
    reach.addProgress(status);
    reach.addCards(deployment.generation(), status);
    return status.build();
  }

  private static List<VmProcess> processes(Deployment deployment, Operation operation) {
    return operation instanceof DeployInProgress deploy ? deploy.vms() : deployment.vms();
  }

  private String vmState(Vne vne, Operation operation, String vm, String host) {
    return switch (vne) {
      case Down down -> "exited";
      case Deploying deploying -> deployingState(operation, host);
      case Running running -> runningState(running, vm, host);
      case Snapshotting snapshotting -> runningState(snapshotting.running(), vm, host);
      case Stopping stopping -> operation.awaited().contains(host) ? "running" : "exited";
    };
  }

  private static String deployingState(Operation operation, String host) {
    boolean awaited = operation.awaited().contains(host);
    boolean starting =
        operation instanceof DeployInProgress deploy
            && deploy.stage() == DeployInProgress.Stage.STARTING;
    if (starting) {
      return awaited ? "paused" : "running";
    }
    return awaited ? "starting" : "paused";
  }

  private String runningState(Running running, String vm, String host) {
    if (!reach.has(host)) {
      return "host lost";
    }
    return running.lost().containsKey(vm) ? "exited" : "running";
  }
}
