package io.vnsnap.coordinator;

import static io.vnsnap.proto.HostOrder.KindCase.ABORT;
import static io.vnsnap.proto.HostOrder.KindCase.CUT;
import static io.vnsnap.proto.HostOrder.KindCase.GO;
import static io.vnsnap.proto.HostOrder.KindCase.PREPARE;
import static io.vnsnap.proto.HostOrder.KindCase.SEAL;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.TestProbe;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.Down;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.Prepare;
import io.vnsnap.proto.RefusalCode;
import io.vnsnap.proto.Refused;
import io.vnsnap.proto.Restore;
import io.vnsnap.proto.SnapshotTaken;
import io.vnsnap.proto.Staging;
import io.vnsnap.proto.TakeSnapshot;
import io.vnsnap.proto.VneEvent;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneStatus;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SnapshotTest extends VneTest {

  @BeforeEach
  void up() {
    vne.up();
  }

  private static TakeSnapshot.Builder take() {
    return TakeSnapshot.newBuilder().setLabel("before upgrade").setMode(CaptureMode.INSTANT);
  }

  @Test
  void shouldSealSnapshotWhenEveryFrameIsAccountedFor() {
    vne.askSnapshot(take());
    Prepare prepare = vne.order("a", PREPARE).getPrepare();
    assertThat(vne.order("b", PREPARE).getPrepare()).isEqualTo(prepare);
    assertThat(prepare.getEpoch()).isEqualTo(1);
    assertThat(prepare.getMode()).isEqualTo(CaptureMode.INSTANT);
    assertThat(prepare.getStaging()).isEqualTo(Staging.STAGING_UNSPECIFIED);
    assertThat(prepare.getDeadlineMs())
        .isEqualTo(vne.timeouts().prepare().plus(vne.timeouts().cut()).toMillis());
    String id = prepare.getSnapshotId();
    assertThat(id).matches("[a-z0-9][a-z0-9.-]{0,79}").startsWith(vne.name + "-20270115-080000-");
    assertThat(vne.status())
        .returns(Phase.SNAPSHOTTING, VneStatus::getPhase)
        .returns("preparing", VneStatus::getStep);

    vne.prepared("a", id);
    vne.expectNoOrders();
    vne.prepared("b", id);
    HostOrder cut = vne.orders(CUT);
    assertThat(cut.getCut().getSnapshotId()).isEqualTo(id);
    assertThat(cut.getCut().getEpoch()).isEqualTo(1);
    assertThat(vne.lastEvent().hasCutOrdered()).isTrue();
    vne.timePasses(Duration.ofSeconds(2));
    vne.vmCut("b", id, "web");
    assertThat(vne.status().getStep()).isEqualTo("cutting");
    vne.vmStored("b", vne.stored(id, "web"));
    vne.vmCut("a", id, "db");
    assertThat(vne.status().getStep()).isEqualTo("storing");
    vne.vmStored("a", vne.stored(id, "db"));
    Manifest manifest = vne.order("a", SEAL).getSeal().getManifest();
    vne.host("b").expectNoMessage(Duration.ofMillis(50));
    assertThat(vne.status().getStep()).isEqualTo("sealing");
    vne.sealed("a", id);

    SnapshotTaken taken = vne.reply().getSnapshotTaken();
    assertThat(taken.getManifest()).isEqualTo(manifest);
    assertThat(taken.getFramesHeld()).isEqualTo(6);
    assertThat(taken.getDurationMs()).isEqualTo(2000);
    assertThat(manifest)
        .returns(true, Manifest::getExact)
        .returns("", Manifest::getInexactReason)
        .returns("before upgrade", Manifest::getLabel)
        .returns(vne.name, Manifest::getVne)
        .returns(vne.topology(), Manifest::getTopology)
        .returns(1, Manifest::getGeneration)
        .returns(1, Manifest::getEpoch)
        .returns(2000L, m -> m.getSealedEpochMs() - m.getCreatedEpochMs())
        .returns(2, Manifest::getChannelsCount)
        .returns(2, Manifest::getLogsCount);
    assertThat(manifest.getImagesList())
        .extracting(ImageRecord::getVm)
        .containsExactly("web", "db");
    assertThat(manifest.getImages(0).getPause().getResumeUs()).isEqualTo(20);
    VneStatus status = vne.status();
    assertThat(status.getPhase()).isEqualTo(Phase.RUNNING);
    assertThat(status.getLastSnapshotId()).isEqualTo(id);
    assertThat(status.getEpoch()).isEqualTo(1);
  }

  @Test
  void shouldCountEpochsUpWithEveryAttempt() {
    String first = vne.beginSnapshot(take());
    vne.snapshotFailed("a", first, "db", "disk full");
    vne.undoSnapshot(first);
    vne.refusal();
    vne.askSnapshot(take());
    Prepare second = vne.orders(PREPARE).getPrepare();
    assertThat(second.getEpoch()).isEqualTo(2);
    assertThat(second.getSnapshotId()).isNotEqualTo(first);
  }

  @Test
  void shouldTakeOneSnapshotAtATime() {
    String id = vne.beginSnapshot(take());
    Refused second = vne.answerTo(VneRequest.newBuilder().setTakeSnapshot(take())).getRefused();
    assertThat(second.getCode()).isEqualTo(RefusalCode.NOT_NOW);
    assertThat(second.getReason()).contains("taking snapshot " + id + " (preparing)");
    Refused down =
        vne.answerTo(VneRequest.newBuilder().setDown(Down.getDefaultInstance())).getRefused();
    assertThat(down.getReason()).contains("taking snapshot " + id);
    Refused restore =
        vne.answerTo(
                VneRequest.newBuilder()
                    .setRestore(
                        Restore.newBuilder().setManifest(Topologies.manifest(vne.name, "s"))))
            .getRefused();
    assertThat(restore.getReason()).contains("taking snapshot " + id);
    vne.expectNoOrders();
  }

  @Test
  void shouldRefuseSnapshotRequestsThatMakeNoSense() {
    vne.askSnapshot(take().setLabel("two\nlines"));
    assertThat(vne.refusal().getReason()).contains("label");
    vne.askSnapshot(take().setDeadlineMs(-1));
    assertThat(vne.refusal().getReason()).contains("deadline is -1 ms");
    vne.askSnapshot(take().setModeValue(99));
    assertThat(vne.refusal())
        .returns(RefusalCode.NOT_POSSIBLE, Refused::getCode)
        .satisfies(refused -> assertThat(refused.getReason()).contains("capture mode"));
    vne.askSnapshot(take().setMode(CaptureMode.ROUNDS).setStagingValue(99));
    assertThat(vne.refusal().getReason()).contains("unknown staging");
    vne.askSnapshot(take().setStaging(Staging.MEMORY));
    assertThat(vne.refusal().getReason()).contains("leave staging out");
  }

  @Test
  void shouldAbortWhenHostFailsToPrepare() {
    String id = vne.beginSnapshot(take());
    vne.prepared("b", id);
    vne.snapshotFailed("a", id, "", "no userfaultfd");
    HostOrder abort = vne.order("a", ABORT);
    assertThat(abort.getAbort().getEpoch()).isEqualTo(1);
    vne.order("b", ABORT);
    assertThat(vne.status().getStep()).isEqualTo("aborting");
    vne.aborted("a", id);
    Refused early = vne.answerTo(VneRequest.newBuilder().setTakeSnapshot(take())).getRefused();
    assertThat(early.getReason()).contains("undoing snapshot " + id + " on b");
    vne.aborted("b", id);
    Refused refused = vne.refusal();
    assertThat(refused.getCode()).isEqualTo(RefusalCode.FAILED);
    assertThat(refused.getReason()).isEqualTo("no snapshot: host a: no userfaultfd");
    assertThat(vne.status())
        .returns(Phase.RUNNING, VneStatus::getPhase)
        .returns("host a: no userfaultfd", VneStatus::getLastFailure);
  }

  @Test
  void shouldAbortWhenVmFailsToCutOrStore() {
    String id = vne.snapshotUntilCut(take());
    vne.snapshotFailed("a", id, "db", "QEMU did not stop");
    vne.undoSnapshot(id);
    assertThat(vne.refusal().getReason())
        .isEqualTo("no snapshot: VM db on host a: QEMU did not stop");

    String next = vne.snapshotUntilCut(take());
    vne.vmCut("a", next, "db");
    vne.vmCut("b", next, "web");
    vne.vmStored("a", vne.stored(next, "db"));
    vne.snapshotFailed("b", next, "web", "disk full: 3.1 GiB needed, 0.4 GiB free");
    vne.undoSnapshot(next);
    assertThat(vne.refusal().getReason()).contains("disk full: 3.1 GiB needed, 0.4 GiB free");
  }

  @Test
  void shouldAbortWhenManifestCannotBeWritten() {
    String id = vne.snapshotUntilSeal(take());
    vne.snapshotFailed("a", id, "", "read-only file system");
    vne.undoSnapshot(id);
    assertThat(vne.refusal().getReason()).contains("host a: read-only file system");
    assertThat(vne.events()).doesNotContain(VneEvent.KindCase.SNAPSHOT_SEALED);
  }

  @Test
  void shouldAbortAtDeadlineOfPreparing() {
    String id = vne.beginSnapshot(take());
    vne.prepared("a", id);
    vne.status();
    vne.timePasses(vne.timeouts().prepare());
    vne.undoSnapshot(id);
    assertThat(vne.refusal().getReason())
        .isEqualTo(
            "no snapshot: preparing took too long: host b had not reported 60 s after the request");
  }

  @Test
  void shouldAbortAtDeadlineOfCutting() {
    String id = vne.snapshotUntilCut(take());
    vne.vmCut("a", id, "db");
    vne.status();
    vne.timePasses(vne.timeouts().cut());
    vne.undoSnapshot(id);
    assertThat(vne.refusal().getReason()).contains("cutting took too long: host b");
  }

  @Test
  void shouldAbortAtDeadlineOfStoring() {
    String id = vne.snapshotUntilCut(take());
    vne.vmCut("a", id, "db");
    vne.vmCut("b", id, "web");
    vne.vmStored("b", vne.stored(id, "web"));
    vne.status();
    vne.timePasses(vne.timeouts().store());
    vne.undoSnapshot(id);
    assertThat(vne.refusal().getReason()).contains("storing took too long: host a");
  }

  @Test
  void shouldRepeatSealAndAbortAtItsDeadline() {
    String id = vne.snapshotUntilSeal(take());
    vne.timePasses(vne.settings().retryInterval());
    assertThat(vne.order("a", SEAL).getSeal().getManifest().getSnapshotId()).isEqualTo(id);
    vne.status();
    vne.timePasses(vne.timeouts().seal());
    vne.skipRepeatedUntil("a", SEAL, ABORT);
    vne.host("b").expectNoMessage(Duration.ofMillis(50));
    vne.aborted("a", id);
    vne.order("b", ABORT);
    vne.aborted("b", id);
    assertThat(vne.refusal().getReason()).contains("sealing took too long: host a");
  }

  @Test
  void shouldUndoASnapshotThatMayBeSealedAlsoWithoutItsSealer() {
    String gone = vne.snapshotUntilSeal(take());
    vne.cancelSnapshot();
    vne.order("a", ABORT);
    vne.hostGoesAway("a");
    vne.order("b", ABORT);
    vne.aborted("b", gone);
    assertThat(vne.refusal().getReason()).isEqualTo("no snapshot: it was cancelled");
  }

  @Test
  void shouldNotWaitForASilentSealerForEver() {
    String id = vne.snapshotUntilSeal(take());
    vne.cancelSnapshot();
    vne.order("a", ABORT);
    vne.status();
    vne.timePasses(vne.timeouts().abort());
    vne.order("b", ABORT);
    vne.aborted("b", id);
    assertThat(vne.refusal().getReason()).isEqualTo("no snapshot: it was cancelled");
  }

  @Test
  void shouldHonourTheDeadlineOfTheRequest() {
    String id = vne.beginSnapshot(take().setDeadlineMs(5000));
    vne.status();
    vne.timePasses(Duration.ofSeconds(5));
    vne.undoSnapshot(id);
    assertThat(vne.refusal().getReason()).contains("5 s after the request");
  }

  @Test
  void shouldAbortAtOnceWhenHostGoesAway() {
    String id = vne.snapshotUntilCut(take());
    vne.hostGoesAway("b");
    vne.undoSnapshot(id);
    assertThat(vne.refusal().getReason())
        .isEqualTo("no snapshot: host b cannot be reached any more");
    vne.hostComesBack("b");
    vne.order("b", GO);
    assertThat(vne.order("b", ABORT).getAbort().getSnapshotId()).isEqualTo(id);
  }

  @Test
  void shouldAbortAndDegradeWhenVmDies() {
    String id = vne.snapshotUntilCut(take());
    vne.vmExited("b", "web", "signal 11");
    vne.undoSnapshot(id);
    assertThat(vne.refusal().getReason())
        .isEqualTo("no snapshot: VM web: it ended on host b: signal 11");
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DEGRADED);
  }

  @Test
  void shouldAbortAndDegradeWhenHostTurnsOutToRunNothing() {
    String id = vne.beginSnapshot(take());
    vne.nothingDeployed("b");
    vne.undoSnapshot(id);
    assertThat(vne.refusal().getReason()).isEqualTo("no snapshot: host b: nothing is deployed");
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DEGRADED);
  }

  @Test
  void shouldRepeatAbortUntilConfirmedButNotForEver() {
    String id = vne.beginSnapshot(take());
    TestProbe<VneReply> canceller = vne.cancelSnapshot();
    vne.orders(ABORT);
    vne.aborted("a", id);
    vne.status();
    vne.timePasses(vne.settings().retryInterval());
    vne.order("b", ABORT);
    vne.host("a").expectNoMessage(Duration.ofMillis(50));
    vne.timePasses(vne.timeouts().abort());
    assertThat(vne.refusal().getReason()).isEqualTo("no snapshot: it was cancelled");
    assertThat(canceller.receiveMessage(VneHarness.PATIENCE).getStatus().getPhase())
        .isEqualTo(Phase.RUNNING);
  }

  @Test
  void shouldCancelOnRequestOnlyWhatIsInProgress() {
    assertThat(vne.cancelSnapshot().receiveMessage(VneHarness.PATIENCE).getRefused())
        .returns(RefusalCode.NOT_NOW, Refused::getCode)
        .satisfies(r -> assertThat(r.getReason()).contains("no snapshot is in progress"));
    String id = vne.beginSnapshot(take());
    TestProbe<VneReply> first = vne.cancelSnapshot();
    vne.orders(ABORT);
    TestProbe<VneReply> second = vne.cancelSnapshot();
    vne.status();
    vne.aborted("a", id);
    vne.aborted("b", id);
    assertThat(List.of(first, second))
        .allSatisfy(
            probe -> assertThat(probe.receiveMessage(VneHarness.PATIENCE).hasStatus()).isTrue());
    assertThat(vne.refusal().getReason()).contains("cancelled");
  }

  @Test
  void shouldSealInexactSnapshotWithReason() {
    String id = vne.snapshotUntilCut(take());
    vne.vmStored("a", vne.stored(id, "db"));
    vne.vmStored("b", vne.stored(id, "web").setChannels(0, Topologies.channel(1, 0, 10, 7, 2)));
    Manifest manifest = vne.order("a", SEAL).getSeal().getManifest();
    assertThat(manifest.getExact()).isFalse();
    assertThat(manifest.getInexactReason())
        .isEqualTo(
            "channel db/eth0 to web/eth0 does not balance: 10 sent, but 7 delivered, 2 recorded and 0 dropped");
    vne.sealed("a", id);
    assertThat(vne.reply().getSnapshotTaken().getManifest().getExact()).isFalse();
  }

  @Test
  void shouldAbortInexactSnapshotWhenStrict() {
    String id = vne.snapshotUntilCut(take().setStrict(true));
    vne.vmStored("a", vne.stored(id, "db").clearChannels().clearLogs());
    vne.vmStored("b", vne.stored(id, "web"));
    vne.undoSnapshot(id);
    assertThat(vne.refusal().getReason())
        .isEqualTo("no snapshot: it is not exact: channel web/eth0 to db/eth0 was not reported");
  }

  @Test
  void shouldIgnoreDuplicateAndStaleReports() {
    String id = vne.beginSnapshot(take());
    vne.prepared("a", id);
    vne.prepared("a", id);
    vne.prepared("b", "another");
    vne.vmStored("a", vne.stored(id, "db"));
    vne.sealed("a", id);
    vne.aborted("a", id);
    vne.snapshotFailed("a", "another", "db", "old");
    assertThat(vne.status().getStep()).isEqualTo("preparing");
    vne.prepared("b", id);
    vne.orders(CUT);
    vne.vmCut("b", id, "db"); // db runs on a
    vne.vmCut("a", "another", "db");
    vne.vmCut("a", id, "db");
    vne.vmCut("a", id, "db");
    assertThat(vne.status().getStep()).isEqualTo("cutting");
    vne.vmCut("b", id, "web");
    vne.vmStored("a", vne.stored(id, "db"));
    vne.vmStored("a", vne.stored(id, "db"));
    assertThat(vne.status().getStep()).isEqualTo("storing");
    vne.vmStored("b", vne.stored(id, "web"));
    assertThat(vne.order("a", SEAL).getSeal().getManifest().getExact()).isTrue();
    vne.vmStored("b", vne.stored(id, "web"));
    vne.sealed("a", id);
    vne.sealed("a", id);
    assertThat(vne.reply().getSnapshotTaken().getFramesHeld()).isEqualTo(6);
    vne.client.expectNoMessage(Duration.ofMillis(50));
  }

  @Test
  void shouldRefuseSnapshotOfVneThatIsDown() {
    vne.askDown();
    vne.undeploy();
    vne.reply();
    vne.askSnapshot(take());
    assertThat(vne.refusal())
        .returns(RefusalCode.NOT_NOW, Refused::getCode)
        .satisfies(refused -> assertThat(refused.getReason()).contains("is down"));
  }
}
