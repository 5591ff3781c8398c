package io.vnsnap.coordinator;

import static io.vnsnap.proto.HostOrder.KindCase.ABORT;
import static io.vnsnap.proto.HostOrder.KindCase.DEPLOY;
import static io.vnsnap.proto.HostOrder.KindCase.GO;
import static io.vnsnap.proto.HostOrder.KindCase.UNDEPLOY;
import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.proto.Phase;
import io.vnsnap.proto.TakeSnapshot;
import io.vnsnap.proto.VneEvent;
import io.vnsnap.proto.VneStatus;
import org.junit.jupiter.api.Test;

/** The coordinator ends at any point, and another one takes up what the journal holds. */
class RecoveryTest extends VneTest {

  @Test
  void shouldRememberRunningVne() {
    vne.up();
    VneStatus before = vne.status();
    vne.restartCoordinator();
    vne.start();
    assertThat(vne.status()).isEqualTo(before);
    vne.expectNoOrders();
  }

  @Test
  void shouldNoticeWhatWasLostWhileThereWasNoCoordinator() {
    vne.up();
    vne.restartCoordinator();
    vne.orders(GO);
    vne.nothingDeployed("a");
    vne.vmExited("b", "web", "signal 9");
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DEGRADED);
    assertThat(vne.events()).endsWith(VneEvent.KindCase.VM_LOST, VneEvent.KindCase.VM_LOST);
  }

  @Test
  void shouldUndoDeploymentThatWasNotLoaded() {
    vne.askUp();
    vne.orders(DEPLOY);
    vne.deployed("a");
    vne.restartCoordinator();
    vne.undeploy();
    assertThat(vne.status())
        .returns(Phase.DOWN, VneStatus::getPhase)
        .satisfies(status -> assertThat(status.getLastFailure()).contains("restarted"));
  }

  @Test
  void shouldRepeatGo() {
    vne.askUp();
    vne.load();
    vne.orders(GO);
    vne.running("a");
    vne.restartCoordinator();
    vne.start();
    assertThat(vne.status().getPhase()).isEqualTo(Phase.RUNNING);
    assertThat(vne.events()).endsWith(VneEvent.KindCase.WENT_RUNNING);
  }

  @Test
  void shouldAbortSnapshotAtEveryStep() {
    vne.up();
    String preparing = vne.beginSnapshot(TakeSnapshot.newBuilder());
    vne.restartCoordinator();
    vne.start();
    vne.undoSnapshot(preparing);
    assertThat(vne.status())
        .returns(Phase.RUNNING, VneStatus::getPhase)
        .returns("its coordinator was restarted", VneStatus::getLastFailure);

    String cutting = vne.snapshotUntilCut(TakeSnapshot.newBuilder());
    vne.restartCoordinator();
    vne.start();
    vne.undoSnapshot(cutting);
    vne.status();

    String sealing = vne.snapshotUntilSeal(TakeSnapshot.newBuilder());
    vne.restartCoordinator();
    vne.start();
    vne.undoSnapshot(sealing);
    assertThat(vne.status().getEpoch()).isEqualTo(3);
    assertThat(vne.events()).endsWith(VneEvent.KindCase.SNAPSHOT_ABORTED);
  }

  @Test
  void shouldRepeatAbortThatWasPersistedButMaybeNotSent() {
    vne.up();
    String id = vne.beginSnapshot(TakeSnapshot.newBuilder());
    vne.snapshotFailed("a", id, "db", "disk full");
    vne.orders(ABORT);
    vne.restartCoordinator();
    vne.start();
    vne.undoSnapshot(id);
    assertThat(vne.status())
        .returns(Phase.RUNNING, VneStatus::getPhase)
        .returns("disk full", s -> s.getLastFailure().replaceAll(".*: ", ""));
  }

  @Test
  void shouldRepeatUndeploy() {
    vne.up();
    vne.askDown();
    vne.orders(UNDEPLOY);
    vne.undeployed("a");
    vne.restartCoordinator();
    vne.undeploy();
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DOWN);
  }

  @Test
  void shouldEndOldVmsThatACrashedCoordinatorHadYetToEnd() {
    vne.up();
    vne.hostGoesAway("b");
    vne.askDown();
    vne.order("a", UNDEPLOY);
    vne.undeployed("a");
    assertThat(vne.reply().getStatus().getPhase()).isEqualTo(Phase.DOWN);
    vne.restartCoordinator();
    assertThat(vne.order("a", UNDEPLOY).getGeneration()).isEqualTo(1);
    vne.hostComesBack("b");
    assertThat(vne.order("b", UNDEPLOY).getGeneration()).isEqualTo(1);
    vne.expectNoOrders();
  }

  @Test
  void shouldUndoSnapshotOnHostsThatAreSeenOnlyLater() {
    vne.up();
    String id = vne.beginSnapshot(TakeSnapshot.newBuilder());
    vne.coordinatorCrashes();
    vne.hostGoesAway("b");
    vne.coordinatorComesBack();
    vne.order("a", GO);
    vne.order("a", ABORT);
    vne.aborted("a", id);
    assertThat(vne.status().getStep()).isEqualTo("aborting");
    vne.hostComesBack("b");
    vne.order("b", GO);
    vne.order("b", ABORT);
    vne.aborted("b", id);
    assertThat(vne.status().getStep()).isEqualTo("");
  }

  @Test
  void shouldTellTheSealerFirstAlsoWhenHostsAreSeenOnlyLater() {
    vne.up();
    String id = vne.snapshotUntilSeal(TakeSnapshot.newBuilder());
    vne.coordinatorCrashes();
    vne.hostGoesAway("a");
    vne.hostGoesAway("b");
    vne.coordinatorComesBack();
    assertThat(vne.status().getStep()).isEqualTo("aborting");
    vne.hostComesBack("b");
    vne.order("b", GO);
    vne.expectNoOrders();
    vne.hostComesBack("a");
    vne.order("a", GO);
    vne.order("a", ABORT);
    vne.aborted("a", id);
    assertThat(vne.order("b", ABORT).getAbort().getSnapshotId()).isEqualTo(id);
  }

  @Test
  void shouldRememberLostVms() {
    vne.up();
    vne.vmExited("b", "web", "signal 9");
    VneStatus before = vne.status();
    vne.restartCoordinator();
    assertThat(vne.status()).isEqualTo(before);
    assertThat(before.getPhase()).isEqualTo(Phase.DEGRADED);
  }

  @Test
  void shouldRecoverFromSnapshotOfItsState() {
    vne.up();
    int attempts = vne.settings().journalSnapshotEvery();
    for (int i = 0; i < attempts; i++) {
      String id = vne.beginSnapshot(TakeSnapshot.newBuilder());
      vne.snapshotFailed("a", id, "db", "disk full");
      vne.undoSnapshot(id);
      vne.refusal();
    }
    VneStatus before = vne.status();
    vne.restartCoordinator();
    vne.start();
    vne.undoSnapshot(vne.lastEvent().getSnapshotAborted().getSnapshotId());
    assertThat(vne.status()).isEqualTo(before);
    assertThat(before.getEpoch()).isEqualTo(attempts);
  }

  @Test
  void shouldNotActWhenTheJournalFails() {
    vne.journalFailsNext();
    vne.askUp();
    vne.expectNoOrders();
    vne.coordinatorComesBack();
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DOWN);
    assertThat(vne.events()).isEmpty();
  }
}
