package io.vnsnap.coordinator;

import static io.vnsnap.proto.HostOrder.KindCase.DEPLOY;
import static io.vnsnap.proto.HostOrder.KindCase.UNDEPLOY;
import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.RefusalCode;
import io.vnsnap.proto.Refused;
import io.vnsnap.proto.Restore;
import io.vnsnap.proto.Restored;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneStatus;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class RestoreTest extends VneTest {

  private Manifest manifest() {
    return Topologies.manifest(vne.name, "snap-1");
  }

  @Test
  void shouldRestoreVneThatIsDown() {
    vne.askRestore(manifest());
    HostOrder deploy = vne.order("a", DEPLOY);
    assertThat(deploy.getDeploy().getSnapshotId()).isEqualTo("snap-1");
    assertThat(vne.status().getPhase()).isEqualTo(Phase.RESTORING);
    vne.order("b", DEPLOY);
    vne.timePasses(Duration.ofSeconds(1));
    vne.deployed("a");
    vne.deployed("b");
    vne.start();
    Restored restored = vne.reply().getRestored();
    assertThat(restored.getDurationMs()).isEqualTo(1000);
    assertThat(restored.getStatus().getPhase()).isEqualTo(Phase.RUNNING);
    assertThat(restored.getStatus().getEpoch()).isEqualTo(3);
  }

  @Test
  void shouldReplaceWhatRunsAndNeverReuseGenerationOrNetwork() {
    vne.askUp();
    long firstNetwork = vne.order("a", DEPLOY).getDeploy().getNetworkId();
    vne.order("b", DEPLOY);
    vne.deployed("a");
    vne.deployed("b");
    vne.start();
    vne.reply();
    vne.askRestore(manifest());
    assertThat(vne.order("a", UNDEPLOY).getGeneration()).isEqualTo(1);
    vne.order("b", UNDEPLOY);
    assertThat(vne.status())
        .returns(Phase.RESTORING, VneStatus::getPhase)
        .returns("stopping", VneStatus::getStep);
    vne.undeployed("a");
    vne.undeployed("b");
    HostOrder deploy = vne.order("a", DEPLOY);
    assertThat(deploy.getGeneration()).isEqualTo(2);
    assertThat(deploy.getDeploy().getNetworkId()).isNotEqualTo(firstNetwork);
    vne.order("b", DEPLOY);
    vne.deployed("a");
    vne.deployed("b");
    vne.start();
    assertThat(vne.reply().getRestored().getStatus().getGeneration()).isEqualTo(2);
  }

  @Test
  void shouldRestoreOnSurvivingHostAfterHostLoss() {
    vne.up();
    vne.hostGoesAway("a");
    vne.timePasses(vne.settings().hostGrace());
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DEGRADED);
    vne.askRestore(manifest());
    vne.order("b", UNDEPLOY);
    vne.undeployed("b");
    HostOrder deploy = vne.order("b", DEPLOY);
    assertThat(deploy.getDeploy().getPlacementMap().values()).containsOnly("b");
    vne.deployed("b");
    vne.start();
    assertThat(vne.reply().getRestored().getStatus().getPhase()).isEqualTo(Phase.RUNNING);
    vne.hostComesBack("a");
    assertThat(vne.order("a", UNDEPLOY).getGeneration()).isEqualTo(1);
  }

  @Test
  void shouldNotWaitForEverForOldVmsToEnd() {
    vne.up();
    vne.askRestore(manifest());
    vne.orders(UNDEPLOY);
    vne.undeployed("a");
    vne.status();
    vne.timePasses(vne.timeouts().undeploy());
    vne.skipRepeatedUntil("b", UNDEPLOY, DEPLOY);
    vne.order("a", DEPLOY);
  }

  @Test
  void shouldLeaveRunningVneAloneWhenSnapshotCannotBePlaced() {
    vne.up();
    vne.describe(Topologies.host("a", 1024, 1020));
    vne.describe(Topologies.host("b", 1024, 1020));
    Manifest large =
        manifest().toBuilder()
            .setTopology(vne.topology().toBuilder().setVms(0, Topologies.vm("web", 900, 1)).build())
            .build();
    vne.askRestore(large);
    assertThat(vne.refusal())
        .returns(RefusalCode.NOT_POSSIBLE, Refused::getCode)
        .satisfies(refused -> assertThat(refused.getReason()).contains("web", "900 MiB"));
    vne.expectNoOrders();
    assertThat(vne.status().getPhase()).isEqualTo(Phase.RUNNING);
  }

  @Test
  void shouldCountMemoryThatOldVmsWillFree() {
    vne.up();
    vne.describe(Topologies.host("a", 128, 128));
    vne.describe(Topologies.host("b", 128, 128));
    vne.askRestore(manifest());
    vne.orders(UNDEPLOY);
    vne.describe(Topologies.host("a", 128, 0));
    vne.describe(Topologies.host("b", 128, 0));
    vne.undeployed("a");
    vne.undeployed("b");
    assertThat(vne.orders(DEPLOY).getGeneration()).isEqualTo(2);
  }

  @Test
  void shouldObeyThePlacementOfTheRequest() {
    vne.ask(
        VneRequest.newBuilder()
            .setRestore(
                Restore.newBuilder()
                    .setManifest(manifest())
                    .putPlacement("web", "a")
                    .putPlacement("db", "a")));
    assertThat(vne.order("a", DEPLOY).getDeploy().getPlacementMap().values()).containsOnly("a");
  }

  @Test
  void shouldPutVmAnywhereWhenItsDisksAreInTheStore() {
    Manifest.Builder manifest = manifest().toBuilder();
    for (int vm = 0; vm < 2; vm++) {
      manifest
          .getImagesBuilder(vm)
          .addDisks(DiskRecord.newBuilder().setName("root").setObject("0123456789abcdef"))
          .setHost("a");
    }
    vne.askRestore(manifest.build());
    assertThat(vne.order("a", DEPLOY).getDeploy().getPlacementMap().values())
        .as("spread over the hosts as VMs without disks are")
        .containsExactlyInAnyOrder("a", "b");
  }

  @Test
  void shouldPutVmWithDisksWhereTheyAreIfThatHostLives() {
    Manifest.Builder manifest = manifest().toBuilder();
    manifest.getImagesBuilder(0).addDisks(DiskRecord.newBuilder().setName("root")).setHost("a");
    manifest.getImagesBuilder(1).addDisks(DiskRecord.newBuilder().setName("root")).setHost("a");
    vne.askRestore(manifest.build());
    assertThat(vne.order("a", DEPLOY).getDeploy().getPlacementMap())
        .containsEntry("web", "a")
        .containsEntry("db", "a");
  }

  @Test
  void shouldTakeFixedHostOnlyAsWishAtRestore() {
    Manifest manifest =
        manifest().toBuilder()
            .setTopology(
                vne.topology().toBuilder()
                    .setVms(0, Topologies.vm("web", 128, 1).setHost("gone"))
                    .build())
            .build();
    vne.askRestore(manifest);
    assertThat(vne.order("a", DEPLOY).getDeploy().getPlacementCount()).isEqualTo(2);
  }

  @Test
  void shouldRefuseSnapshotsThatAreNotWholeOrOfAnotherVne() {
    vne.askRestore(Manifest.getDefaultInstance());
    assertThat(vne.refusal().getReason()).contains("names no snapshot");
    vne.askRestore(Topologies.manifest("other", "snap-1"));
    assertThat(vne.refusal().getReason()).contains("of VNE \"other\"");
    vne.askRestore(manifest().toBuilder().removeImages(1).build());
    assertThat(vne.refusal().getReason()).contains("no image of VM db");
    vne.ask(
        VneRequest.newBuilder()
            .setRestore(Restore.newBuilder().setManifest(manifest()).putPlacement("dbb", "a")));
    assertThat(vne.refusal().getReason()).contains("\"dbb\", which is not in the snapshot");
    assertThat(vne.events()).isEmpty();
  }
}
