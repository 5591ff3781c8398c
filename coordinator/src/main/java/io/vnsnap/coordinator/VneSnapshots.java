package io.vnsnap.coordinator;

import akka.persistence.typed.SnapshotAdapter;
import io.vnsnap.coordinator.Vne.Deploying;
import io.vnsnap.coordinator.Vne.Down;
import io.vnsnap.coordinator.Vne.History;
import io.vnsnap.coordinator.Vne.Running;
import io.vnsnap.coordinator.Vne.Snapshotting;
import io.vnsnap.coordinator.Vne.Stopping;
import io.vnsnap.proto.SnapshotRequested;
import io.vnsnap.proto.VneState;
import java.util.TreeMap;

/** How a {@link Vne} is written into the journal's snapshots, and read back. */
final class VneSnapshots implements SnapshotAdapter<Vne> {

  @Override
  public Object toJournal(Vne vne) {
    History history = vne.history();
    VneState.Builder state =
        VneState.newBuilder()
            .setLastGeneration(history.lastGeneration())
            .setEpoch(history.epoch())
            .setLastSnapshotId(history.lastSnapshotId())
            .setLastFailure(history.lastFailure());
    vne.current()
        .ifPresent(
            deployment -> state.setDeployment(deployment.order()).addAllVms(deployment.vms()));
    return switch (vne) {
      case Down down -> state.setPhase(VneState.Phase.DOWN).build();
      case Deploying deploying ->
          state.setPhase(VneState.Phase.DEPLOYING).setGoOrdered(deploying.goOrdered()).build();
      case Running running ->
          state
              .setPhase(VneState.Phase.RUNNING)
              .putAllLostVms(running.lost())
              .setSnapshot(running.aborted())
              .build();
      case Snapshotting snapshotting ->
          state
              .setPhase(VneState.Phase.SNAPSHOTTING)
              .putAllLostVms(snapshotting.running().lost())
              .setSnapshot(snapshotting.request())
              .setCutOrdered(snapshotting.cutOrderedAtMs() != 0)
              .setCutOrderedAtEpochMs(snapshotting.cutOrderedAtMs())
              .build();
      case Stopping stopping -> state.setPhase(VneState.Phase.STOPPING).build();
    };
  }

  @Override
  public Vne fromJournal(Object stored) {
    VneState state = (VneState) stored;
    History history =
        new History(
            state.getLastGeneration(),
            state.getEpoch(),
            state.getLastSnapshotId(),
            state.getLastFailure());
    Deployment deployment = new Deployment(state.getDeployment(), state.getVmsList());
    return switch (state.getPhase()) {
      case DOWN -> new Down(history);
      case DEPLOYING -> new Deploying(history, deployment, state.getGoOrdered());
      case RUNNING -> running(history, deployment, state, state.getSnapshot());
      case SNAPSHOTTING ->
          new Snapshotting(
              running(history, deployment, state, SnapshotRequested.getDefaultInstance()),
              state.getSnapshot(),
              state.getCutOrderedAtEpochMs());
      case STOPPING -> new Stopping(history, deployment);
      case UNRECOGNIZED ->
          throw new IllegalStateException(
              "the journal was written by a newer version: unknown phase " + state.getPhaseValue());
    };
  }

  private static Running running(
      History history, Deployment deployment, VneState state, SnapshotRequested aborted) {
    return new Running(history, deployment, new TreeMap<>(state.getLostVmsMap()), aborted);
  }
}
