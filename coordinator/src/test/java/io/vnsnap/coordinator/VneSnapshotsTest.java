package io.vnsnap.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import io.vnsnap.proto.CutOrdered;
import io.vnsnap.proto.DeployAbandoned;
import io.vnsnap.proto.DeployFinished;
import io.vnsnap.proto.DeployOrdered;
import io.vnsnap.proto.DownOrdered;
import io.vnsnap.proto.SnapshotAborted;
import io.vnsnap.proto.SnapshotRequested;
import io.vnsnap.proto.SnapshotSealed;
import io.vnsnap.proto.VmLost;
import io.vnsnap.proto.VmProcess;
import io.vnsnap.proto.VneEvent;
import io.vnsnap.proto.VneState;
import io.vnsnap.proto.WentDown;
import io.vnsnap.proto.WentRunning;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class VneSnapshotsTest {

  private static VneEvent.Builder event() {
    return VneEvent.newBuilder().setAtEpochMs(42);
  }

  private static SnapshotRequested request(String id, int epoch) {
    return SnapshotRequested.newBuilder().setSnapshotId(id).setEpoch(epoch).build();
  }

  /** Every kind of event, in an order that can happen. */
  private static List<VneEvent> life() {
    DeployOrdered deploy =
        DeployOrdered.newBuilder()
            .setTopology(Topologies.webAndDb("shop"))
            .putPlacement("web", "a")
            .putPlacement("db", "b")
            .setGeneration(1)
            .setNetworkId(-5)
            .build();
    VmProcess process = VmProcess.newBuilder().setVm("web").setPid(7).build();
    return List.of(
        event().setDeployOrdered(deploy).build(),
        event().setDeployAbandoned(DeployAbandoned.newBuilder().setReason("no room")).build(),
        event().setWentDown(WentDown.getDefaultInstance()).build(),
        event().setDeployOrdered(deploy.toBuilder().setGeneration(2).setEpoch(4)).build(),
        event().setDeployFinished(DeployFinished.newBuilder().addVms(process)).build(),
        event().setWentRunning(WentRunning.getDefaultInstance()).build(),
        event().setSnapshotRequested(request("s1", 5)).build(),
        event().setCutOrdered(CutOrdered.newBuilder().setSnapshotId("s1")).build(),
        event().setSnapshotSealed(SnapshotSealed.newBuilder().setSnapshotId("s1")).build(),
        event().setSnapshotRequested(request("s2", 6)).build(),
        event().setVmLost(VmLost.newBuilder().setVm("db").setReason("signal 9")).build(),
        event().setSnapshotAborted(SnapshotAborted.newBuilder().setReason("db died")).build(),
        event().setDownOrdered(DownOrdered.getDefaultInstance()).build(),
        event().setWentDown(WentDown.getDefaultInstance()).build());
  }

  @Test
  void shouldReadBackEveryStateOfALifeFromItsBytes() throws InvalidProtocolBufferException {
    VneSnapshots snapshots = new VneSnapshots();
    List<Vne> states = new ArrayList<>(List.of(Vne.untouched()));
    for (VneEvent event : life()) {
      states.add(states.getLast().apply(event));
    }
    for (Vne state : states) {
      byte[] bytes = ((VneState) snapshots.toJournal(state)).toByteArray();
      assertThat(snapshots.fromJournal(VneState.parseFrom(bytes))).isEqualTo(state);
    }
    assertThat(states.getLast().history()).isEqualTo(new Vne.History(2, 6, "s1", ""));
    assertThat(states)
        .extracting(Object::getClass)
        .contains(
            Vne.Down.class,
            Vne.Deploying.class,
            Vne.Running.class,
            Vne.Snapshotting.class,
            Vne.Stopping.class);
  }

  @Test
  void shouldNotGuessWhatEventsOutOfOrderMean() {
    assertThatThrownBy(() ->
            Vne.untouched().apply(event().setWentRunning(WentRunning.getDefaultInstance()).build()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the journal is damaged: WENT_RUNNING cannot follow in state Down");
    assertThatThrownBy(() -> Vne.untouched().apply(event().build()))
        .hasMessageContaining("KIND_NOT_SET");
  }
}
