package io.vnsnap.coordinator;

import io.vnsnap.proto.DeployOrdered;
import io.vnsnap.proto.SnapshotRequested;
import io.vnsnap.proto.VmLost;
import io.vnsnap.proto.VneEvent;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the events of a VNE add up to: all that survives its coordinator. Immutable; {@link #apply}
 * is the only transition.
 */
sealed interface Vne {

  /** What is remembered whatever the VNE is doing. */
  History history();

  /** The state after an event. Throws if the event cannot follow: the journal is damaged. */
  Vne apply(VneEvent event);

  /** What runs, is being started, or is being ended. */
  default Optional<Deployment> current() {
    return switch (this) {
      case Down down -> Optional.empty();
      case Deploying deploying -> Optional.of(deploying.deployment());
      case Running running -> Optional.of(running.deployment());
      case Snapshotting snapshotting -> Optional.of(snapshotting.running().deployment());
      case Stopping stopping -> Optional.of(stopping.deployment());
    };
  }

  /** A VNE that nobody has ever deployed. */
  static Vne untouched() {
    return new Down(new History(0, 0, "", ""));
  }

  /**
   * What is remembered across deployments.
   *
   * @param lastGeneration of the newest deployment, 0 if there was none
   * @param epoch of the newest attempt to snapshot; never comes twice
   * @param lastSnapshotId the newest sealed snapshot, or empty
   * @param lastFailure one line, empty when the last operation went well
   */
  record History(int lastGeneration, int epoch, String lastSnapshotId, String lastFailure) {

    History deployed(DeployOrdered order) {
      return new History(
          order.getGeneration(), Math.max(epoch, order.getEpoch()), lastSnapshotId, "");
    }

    History attempted(int attempt) {
      return new History(lastGeneration, attempt, lastSnapshotId, lastFailure);
    }

    History sealed(String snapshotId) {
      return new History(lastGeneration, epoch, snapshotId, "");
    }

    History failed(String reason) {
      return new History(lastGeneration, epoch, lastSnapshotId, reason);
    }
  }

  /** Nothing runs. */
  record Down(History history) implements Vne {
    @Override
    public Vne apply(VneEvent event) {
      return switch (event.getKindCase()) {
        case DEPLOY_ORDERED -> {
          DeployOrdered order = event.getDeployOrdered();
          yield new Deploying(history.deployed(order), new Deployment(order, List.of()), false);
        }
        default -> throw unexpected(this, event);
      };
    }
  }

  /** Hosts load VMs, or, once Go was ordered, let them run. */
  record Deploying(History history, Deployment deployment, boolean goOrdered) implements Vne {
    @Override
    public Vne apply(VneEvent event) {
      return switch (event.getKindCase()) {
        case DEPLOY_FINISHED ->
            new Deploying(
                history, deployment.withVms(event.getDeployFinished().getVmsList()), true);
        case WENT_RUNNING ->
            new Running(
                history.failed(""),
                deployment,
                new TreeMap<>(),
                SnapshotRequested.getDefaultInstance());
        case DEPLOY_ABANDONED ->
            new Stopping(history.failed(event.getDeployAbandoned().getReason()), deployment);
        default -> throw unexpected(this, event);
      };
    }
  }

  /**
   * VMs run.
   *
   * @param lost VMs that are gone, with the reason
   * @param aborted the newest attempt to snapshot this deployment if it was aborted, else the
   *     default instance; its Abort orders are repeated when the coordinator comes back
   */
  record Running(
      History history,
      Deployment deployment,
      SortedMap<String, String> lost,
      SnapshotRequested aborted)
      implements Vne {
    @Override
    public Vne apply(VneEvent event) {
      return switch (event.getKindCase()) {
        case SNAPSHOT_REQUESTED -> {
          SnapshotRequested request = event.getSnapshotRequested();
          yield new Snapshotting(
              new Running(history.attempted(request.getEpoch()), deployment, lost, aborted),
              request,
              0);
        }
        case VM_LOST -> withLost(event.getVmLost());
        case DOWN_ORDERED -> new Stopping(history.failed(""), deployment);
        default -> throw unexpected(this, event);
      };
    }

    Running withLost(VmLost vmLost) {
      SortedMap<String, String> more = new TreeMap<>(lost);
      more.put(vmLost.getVm(), vmLost.getReason());
      String failure = "VM " + vmLost.getVm() + ": " + vmLost.getReason();
      return new Running(history.failed(failure), deployment, more, aborted);
    }
  }

  /**
   * A snapshot of running VMs is being taken.
   *
   * @param cutOrderedAtMs wall clock when the cut was ordered, ms since the Unix epoch; 0 before
   */
  record Snapshotting(Running running, SnapshotRequested request, long cutOrderedAtMs)
      implements Vne {
    @Override
    public History history() {
      return running.history();
    }

    @Override
    public Vne apply(VneEvent event) {
      return switch (event.getKindCase()) {
        case CUT_ORDERED -> new Snapshotting(running, request, event.getAtEpochMs());
        case VM_LOST ->
            new Snapshotting(running.withLost(event.getVmLost()), request, cutOrderedAtMs);
        case SNAPSHOT_SEALED ->
            new Running(
                history().sealed(request.getSnapshotId()),
                running.deployment(),
                running.lost(),
                SnapshotRequested.getDefaultInstance());
        case SNAPSHOT_ABORTED ->
            new Running(
                history().failed(event.getSnapshotAborted().getReason()),
                running.deployment(),
                running.lost(),
                request);
        default -> throw unexpected(this, event);
      };
    }
  }

  /** Hosts end what is left of a deployment. */
  record Stopping(History history, Deployment deployment) implements Vne {
    @Override
    public Vne apply(VneEvent event) {
      return switch (event.getKindCase()) {
        case WENT_DOWN -> new Down(history);
        default -> throw unexpected(this, event);
      };
    }
  }

  private static IllegalStateException unexpected(Vne vne, VneEvent event) {
    return new IllegalStateException(
        "the journal is damaged: "
            + event.getKindCase()
            + " cannot follow in state "
            + vne.getClass().getSimpleName());
  }
}
