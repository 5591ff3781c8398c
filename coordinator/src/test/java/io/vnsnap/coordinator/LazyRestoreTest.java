package io.vnsnap.coordinator;

import static io.vnsnap.proto.HostOrder.KindCase.DEPLOY;
import static io.vnsnap.proto.HostOrder.KindCase.UNDEPLOY;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.vnsnap.proto.DeployFailed;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.Restore;
import io.vnsnap.proto.VneEvent;
import io.vnsnap.proto.VneRequest;
import org.junit.jupiter.api.Test;

/** VMs that run before their memory is loaded, and what becomes of the VNE when that fails. */
class LazyRestoreTest extends VneTest {

  private HostOrder restore(VneHarness vne, Loading loading) {
    vne.ask(
        VneRequest.newBuilder()
            .setRestore(
                Restore.newBuilder()
                    .setManifest(Topologies.manifest(vne.name, "snap-1"))
                    .setLoading(loading)));
    HostOrder order = vne.orders(DEPLOY);
    vne.deployed("a");
    vne.deployed("b");
    return order;
  }

  private void restored(VneHarness vne, Loading loading) {
    restore(vne, loading);
    vne.start();
    assertThat(vne.reply().hasRestored()).isTrue();
  }

  @Test
  void shouldTellHostsWhetherToLoadLazilyAndRememberIt() {
    assertThat(restore(vne, Loading.LAZY).getDeploy().getLoading()).isEqualTo(Loading.LAZY);
    vne.start();
    vne.reply();
    vne.ask(
        VneRequest.newBuilder()
            .setRestore(
                Restore.newBuilder()
                    .setManifest(Topologies.manifest(vne.name, "snap-1"))
                    .setLoading(Loading.FULL)));
    vne.undeploy();
    assertThat(vne.orders(DEPLOY).getDeploy().getLoading()).isEqualTo(Loading.FULL);
    VneEvent ordered = vne.lastEvent();
    assertThat(ordered.getDeployOrdered().getLoading()).isEqualTo(Loading.FULL);
  }

  @Test
  void shouldRestoreAgainInFullWhenTheStoreDoesNotGiveTheMemory() {
    restored(vne, Loading.LAZY_IF_POSSIBLE);
    vne.memoryNotGiven("b", "web");
    vne.undeploy();
    HostOrder again = vne.orders(DEPLOY);
    assertThat(again.getGeneration()).isEqualTo(2);
    assertThat(again.getDeploy().getSnapshotId()).isEqualTo("snap-1");
    assertThat(again.getDeploy().getLoading()).isEqualTo(Loading.FULL);
    assertThat(again.getDeploy().getPlacementMap())
        .containsEntry("web", "b")
        .containsEntry("db", "a");
    vne.deployed("a");
    vne.deployed("b");
    vne.start();
    assertThat(vne.status().getPhase()).isEqualTo(Phase.RUNNING);
    assertThat(vne.status().getLastFailure()).isEmpty();
    assertThat(vne.events()).contains(VneEvent.KindCase.VM_LOST);
  }

  @Test
  void shouldRestoreAgainWhenTheMemoryFailedWhileVmsWereLetRun() {
    restore(vne, Loading.LAZY_IF_POSSIBLE);
    vne.orders(HostOrder.KindCase.GO);
    vne.memoryNotGiven("b", "web");
    vne.running("a");
    vne.running("b");
    assertThat(vne.refusal().getReason()).contains("page 17 of pc.ram");
    vne.memoryNotGiven("b", "web"); // hosts repeat it
    vne.undeploy();
    assertThat(vne.orders(DEPLOY).getDeploy().getLoading()).isEqualTo(Loading.FULL);
  }

  @Test
  void shouldRestoreAgainAfterTheCoordinatorHasComeBack() {
    restored(vne, Loading.LAZY);
    vne.restartCoordinator();
    assertThat(vne.status().getPhase()).isEqualTo(Phase.RUNNING);
    vne.skipOrders("a");
    vne.skipOrders("b");
    vne.memoryNotGiven("b", "web");
    vne.undeploy();
    assertThat(vne.orders(DEPLOY).getDeploy().getLoading()).isEqualTo(Loading.FULL);
  }

  @Test
  void shouldGiveUpWhenTheFullRestoreFailsToo() {
    restored(vne, Loading.LAZY);
    vne.memoryNotGiven("b", "web");
    vne.undeploy();
    vne.orders(DEPLOY);
    vne.report(
        vne.from("b")
            .setDeployFailed(DeployFailed.newBuilder().setReason("place /store cannot be read")));
    vne.undeploy();
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DOWN);
    assertThat(vne.status().getLastFailure()).contains("place /store cannot be read");
    vne.expectNoOrders();
  }

  @Test
  void shouldLeaveAVneAloneThatLostAVmForAnotherReason() {
    restored(vne, Loading.LAZY);
    vne.vmExited("b", "web", "image web-1 does not match its checksum");
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DEGRADED);
    vne.expectNoOrders();
  }

  @Test
  void shouldOnlyDegradeWhereThatIsThePolicy() {
    VneHarness other =
        new VneHarness(
            kit,
            ConfigFactory.parseString("vnsnap.coordinator.on-lazy-failure = degrade")
                .withFallback(kit.system().settings().config()));
    restored(other, Loading.LAZY);
    other.memoryNotGiven("b", "web");
    assertThat(other.status().getPhase()).isEqualTo(Phase.DEGRADED);
    assertThat(other.status().getLastFailure()).contains("page 17 of pc.ram");
    other.expectNoOrders();
    other.stop();
  }

  @Test
  void shouldNotTakeAnOrderToEndForLost() {
    restored(vne, Loading.LAZY);
    vne.askDown();
    vne.orders(UNDEPLOY);
    vne.memoryNotGiven("b", "web");
    vne.undeployed("a");
    vne.undeployed("b");
    vne.reply();
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DOWN);
    vne.expectNoOrders();
  }
}
