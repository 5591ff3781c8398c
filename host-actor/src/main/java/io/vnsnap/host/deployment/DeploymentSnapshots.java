package io.vnsnap.host.deployment;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import io.vnsnap.host.AbandonedSnapshot;
import io.vnsnap.host.Failures;
import io.vnsnap.host.HostContext;
import io.vnsnap.proto.Abort;
import io.vnsnap.proto.Cut;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Prepare;
import io.vnsnap.proto.Seal;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What {@link DeploymentActor} does about snapshots; used by it alone, on its thread.
 *
 * <p>Design note. What a snapshot is, the coordinator's journal decides. An abort therefore wins
 * over a seal: it waits for one that is under way, then takes the snapshot out of the store, sealed
 * or not, and no later seal of it is carried out. {@code Aborted} is reported only when that is so;
 * until then the coordinator orders the abort again.
 *
 * <p>A VM whose actor is gone has nothing left to prepare or abort; it is not waited for.
 */
final class DeploymentSnapshots {
  private final ActorContext<DeploymentActor.Command> context;
  private final HostContext host;
  private final Reports reports;
  private final Map<String, ActorRef<MemberActor.Command>> members;
  private final Set<String> crashed = new HashSet<>();
  private final Set<String> notPrepared = new HashSet<>();
  private final Set<String> notAborted = new HashSet<>();
  private String preparing = "";
  private String aborting = "";

  /** Snapshots come one at a time, with rising epochs: this and older ones are not sealed. */
  private int highestAbortedEpoch;

  /** Completes when the last seal has ended, however. */
  private CompletionStage<?> sealing = CompletableFuture.completedStage("nothing was sealed yet");

  /**
   * @param members VMs of the deployment; the actor adds to it
   */
  DeploymentSnapshots(
      ActorContext<DeploymentActor.Command> context,
      HostContext host,
      Reports reports,
      Map<String, ActorRef<MemberActor.Command>> members) {
    this.context = context;
    this.host = host;
    this.reports = reports;
    this.members = members;
  }

  void onPrepare(Prepare prepare, boolean running) {
    String refusal =
        !running
            ? "the VNE does not run on host " + host.name()
            : crashed.isEmpty() ? "" : "VM " + crashed.iterator().next() + " is gone";
    if (!refusal.isEmpty()) {
      reports.snapshotFailed(prepare.getSnapshotId(), "", refusal);
      return;
    }
    preparing = prepare.getSnapshotId();
    notPrepared.addAll(members.keySet());
    tellAll(
        new MemberActor.Prepare(
            prepare.getSnapshotId(),
            prepare.getEpoch(),
            prepare.getMode(),
            prepare.getStaging(),
            Duration.ofMillis(prepare.getDeadlineMs()),
            Duration.ofMillis(prepare.getAbandonMs())));
  }

  void onPrepared(String vm, String snapshotId) {
    if (preparing.equals(snapshotId) && notPrepared.remove(vm) && notPrepared.isEmpty()) {
      reports.prepared(snapshotId);
    }
  }

  void onCut(Cut cut, boolean running) {
    if (running && crashed.isEmpty()) {
      tellAll(new MemberActor.Cut(cut.getSnapshotId(), cut.getEpoch()));
    } else {
      reports.snapshotFailed(cut.getSnapshotId(), "", "not all its VMs run on host " + host.name());
    }
  }

  void onAbort(Abort abort) {
    highestAbortedEpoch = Math.max(highestAbortedEpoch, abort.getEpoch());
    if (preparing.equals(abort.getSnapshotId())) {
      preparing = "";
      notPrepared.clear();
    }
    aborting = abort.getSnapshotId();
    notAborted.clear();
    notAborted.addAll(members.keySet());
    notAborted.removeAll(crashed);
    if (notAborted.isEmpty()) {
      removeFromStore(aborting);
    }
    tellAll(new MemberActor.Abort(abort.getSnapshotId(), abort.getEpoch()));
  }

  void onAbortDone(String vm, String snapshotId) {
    if (aborting.equals(snapshotId) && notAborted.remove(vm) && notAborted.isEmpty()) {
      removeFromStore(snapshotId);
    }
  }

  void onMemberCrashed(String vm) {
    crashed.add(vm);
    if (notPrepared.contains(vm)) {
      reports.snapshotFailed(preparing, vm, "the VM is gone");
    }
    onAbortDone(vm, aborting);
  }

  private void removeFromStore(String snapshotId) {
    CompletionStage<String> removed =
        sealing.thenCompose(ended ->
            host.shared()
                .blocking(() -> {
                  AbandonedSnapshot.remove(host.shared().store(), snapshotId);
                  return snapshotId;
                }));
    whenDone(
        removed,
        failure -> {
          if (failure == null) {
            reports.aborted(snapshotId);
          } else {
            context
                .getLog()
                .warn("snapshot {} cannot be taken out of the store yet", snapshotId, failure);
          }
        });
  }

  void onSeal(Seal seal) {
    Manifest manifest = seal.getManifest();
    String snapshotId = manifest.getSnapshotId();
    if (manifest.getEpoch() <= highestAbortedEpoch) {
      reports.snapshotFailed(snapshotId, "", "it was aborted");
      return;
    }
    CompletionStage<String> sealed =
        sealing.thenCompose(before ->
            host.shared()
                .blocking(() -> {
                  host.shared().store().seal(manifest);
                  return snapshotId;
                }));
    sealing = sealed.exceptionally(failure -> snapshotId);
    whenDone(
        sealed,
        failure -> {
          if (manifest.getEpoch() <= highestAbortedEpoch) {
            return; // the abort that came meanwhile is answered instead
          }
          if (failure == null) {
            reports.sealed(snapshotId);
          } else {
            reports.snapshotFailed(snapshotId, "", Failures.reason(failure));
          }
        });
  }

  private interface Outcome {
    void ended(@Nullable Throwable failure);
  }

  private void whenDone(CompletionStage<String> stage, Outcome outcome) {
    context.pipeToSelf(
        stage, (done, failure) -> new DeploymentActor.FromStore(() -> outcome.ended(failure)));
  }

  private void tellAll(MemberActor.Command command) {
    members.values().forEach(member -> member.tell(command));
  }
}
