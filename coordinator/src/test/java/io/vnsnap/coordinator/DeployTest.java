package io.vnsnap.coordinator;

import static io.vnsnap.proto.HostOrder.KindCase.DEPLOY;
import static io.vnsnap.proto.HostOrder.KindCase.GO;
import static io.vnsnap.proto.HostOrder.KindCase.UNDEPLOY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import akka.actor.testkit.typed.javadsl.TestProbe;
import io.vnsnap.proto.CardTrouble;
import io.vnsnap.proto.DeployFailed;
import io.vnsnap.proto.Deployed;
import io.vnsnap.proto.Down;
import io.vnsnap.proto.Endpoint;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.Progress;
import io.vnsnap.proto.RefusalCode;
import io.vnsnap.proto.Refused;
import io.vnsnap.proto.TakeSnapshot;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.Up;
import io.vnsnap.proto.VmCards;
import io.vnsnap.proto.VmProgress;
import io.vnsnap.proto.VmStatus;
import io.vnsnap.proto.VneEvent;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneStatus;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class DeployTest extends VneTest {

  @Test
  void shouldBringVneUpAndAnswerWhenAllVmsRun() {
    vne.describe(
        Topologies.host("a", 1024, 0).toBuilder()
            .setTrunk(Endpoint.newBuilder().setAddress("10.0.0.1").setPort(7000))
            .build());
    vne.askUp();
    HostOrder toA = vne.order("a", DEPLOY);
    HostOrder toB = vne.order("b", DEPLOY);
    assertThat(toA).isEqualTo(toB);
    assertThat(toA.getGeneration()).isEqualTo(1);
    assertThat(toA.getDeploy().getPlacementMap())
        .containsEntry("db", "a")
        .containsEntry("web", "b");
    assertThat(toA.getDeploy().getTrunksMap().keySet()).containsExactlyInAnyOrder("a", "b");
    assertThat(toA.getDeploy().getTrunksOrThrow("a").getPort()).isEqualTo(7000);
    assertThat(toA.getDeploy().getNetworkId()).isNotZero();
    assertThat(toA.getDeploy().getSnapshotId()).isEmpty();
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DEPLOYING);
    assertThat(vne.status().getStep()).isEqualTo("loading");

    vne.deployed("a");
    vne.expectNoOrders();
    assertThat(vne.status().getVmsList())
        .extracting(VmStatus::getVm, VmStatus::getState)
        .containsExactly(tuple("web", "starting"), tuple("db", "paused"));
    vne.deployed("b");
    vne.start();

    VneStatus status = vne.reply().getStatus();
    assertThat(status.getPhase()).isEqualTo(Phase.RUNNING);
    assertThat(status.getStep()).isEmpty();
    assertThat(status.getLastFailure()).isEmpty();
    assertThat(status.getVmsList())
        .allSatisfy(vm -> assertThat(vm.getState()).isEqualTo("running"))
        .extracting(VmStatus::getPid)
        .containsExactly((long) 'b', (long) 'a');
    assertThat(vne.events())
        .containsExactly(
            VneEvent.KindCase.DEPLOY_ORDERED,
            VneEvent.KindCase.DEPLOY_FINISHED,
            VneEvent.KindCase.WENT_RUNNING);
  }

  @Test
  void shouldRefuseTopologyThatBreaksRulesBeforeAnythingStarts() {
    Topology bad =
        vne.topology().toBuilder().setVms(1, Topologies.vm("db", 128, 1).setLine(12)).build();
    vne.ask(VneRequest.newBuilder().setUp(Up.newBuilder().setTopology(bad)));
    Refused refused = vne.refusal();
    assertThat(refused.getCode()).isEqualTo(RefusalCode.NOT_POSSIBLE);
    assertThat(refused.getReason())
        .contains("db/eth0", "02:00:00:00:00:01", "web/eth0", "02:00:00:00:00:02");
    vne.expectNoOrders();
    assertThat(vne.events()).isEmpty();
  }

  @Test
  void shouldRefuseTopologyOfAnotherVne() {
    vne.ask(
        VneRequest.newBuilder().setUp(Up.newBuilder().setTopology(Topologies.webAndDb("other"))));
    assertThat(vne.refusal().getReason()).contains("\"other\"", vne.name);
  }

  @Test
  void shouldRefuseWithFiguresWhenMemoryIsNotEnough() {
    vne.describe(Topologies.host("a", 512, 500));
    vne.describe(Topologies.host("b", 200, 0));
    vne.askUp();
    Refused refused = vne.refusal();
    assertThat(refused.getCode()).isEqualTo(RefusalCode.NOT_POSSIBLE);
    assertThat(refused.getReason())
        .contains("needs 128 MiB", "on a 12 of 512 MiB", "on b 72 of 200 MiB");
    assertThat(vne.events()).isEmpty();
  }

  @Test
  void shouldNameHostsThatCannotBeUsedWhenNothingFits() {
    vne.hostIsUnusable("a", "qemu-system-x86_64 is missing");
    vne.hostIsUnusable("b", "QEMU 6.0 is too old");
    vne.askUp();
    assertThat(vne.refusal().getReason())
        .contains(
            "no host is usable", "host a: qemu-system-x86_64 is missing", "host b: QEMU 6.0 is");
    assertThat(vne.questions()).isEqualTo(1);
  }

  @Test
  void shouldAskAgainWhenAHostThatIsNeededIsSilent() {
    vne.hostIsSilent("a", 2);
    vne.hostIsSilent("b", 2);
    vne.askUp();
    vne.orders(DEPLOY);
    assertThat(vne.questions()).isEqualTo(3);
  }

  @Test
  void shouldRefuseWhenAHostThatIsNeededStaysSilent() {
    vne.hostIsSilent("a", Integer.MAX_VALUE);
    vne.hostIsSilent("b", Integer.MAX_VALUE);
    vne.askUp();
    assertThat(vne.refusal().getReason()).contains("host b: it did not say what it has");
    assertThat(vne.questions()).isEqualTo(DeploySteps.QUESTIONS);
  }

  @Test
  void shouldRefuseWhenTwoHostsHaveOneName() {
    vne.hostIsDuplicate("a (at akka://x@1:1 and akka://x@2:2)");
    vne.askUp();
    assertThat(vne.refusal().getReason())
        .contains("two hosts called a (at akka://x@1:1 and akka://x@2:2)", "another name");
  }

  @Test
  void shouldRefuseUpWhileUpAndWhileComingUp() {
    vne.askUp();
    vne.orders(DEPLOY);
    assertThat(
            vne.answerTo(VneRequest.newBuilder().setUp(Up.newBuilder().setTopology(vne.topology())))
                .getRefused())
        .returns(RefusalCode.NOT_NOW, Refused::getCode)
        .satisfies(
            refused -> assertThat(refused.getReason()).contains("being brought up (loading)"));
    vne.deployed("a");
    vne.deployed("b");
    vne.start();
    vne.reply();
    vne.askUp();
    Refused refused = vne.refusal();
    assertThat(refused.getCode()).isEqualTo(RefusalCode.NOT_NOW);
    assertThat(refused.getReason()).contains("is up already");
  }

  @Test
  void shouldUndoDeploymentWhenHostFails() {
    vne.askUp();
    vne.orders(DEPLOY);
    vne.deployed("a");
    vne.report(
        vne.from("b").setDeployFailed(DeployFailed.newBuilder().setReason("no such kernel")));
    vne.undeploy();
    Refused refused = vne.refusal();
    assertThat(refused.getCode()).isEqualTo(RefusalCode.FAILED);
    assertThat(refused.getReason()).isEqualTo("host b: no such kernel");
    VneStatus status = vne.status();
    assertThat(status.getPhase()).isEqualTo(Phase.DOWN);
    assertThat(status.getLastFailure()).isEqualTo("host b: no such kernel");
    assertThat(vne.events())
        .containsExactly(
            VneEvent.KindCase.DEPLOY_ORDERED,
            VneEvent.KindCase.DEPLOY_ABANDONED,
            VneEvent.KindCase.WENT_DOWN);
  }

  @Test
  void shouldUndoDeploymentAtDeadline() {
    vne.askUp();
    vne.orders(DEPLOY);
    vne.deployed("a");
    assertThat(vne.status().getStep()).isEqualTo("loading");
    vne.timePasses(vne.timeouts().deploy().plus(DeploySteps.SLACK));
    vne.undeploy();
    assertThat(vne.refusal().getReason()).isEqualTo("host b had not loaded its VMs after 120 s");
  }

  @Test
  void shouldUndoDeploymentAtOnceWhenHostGoesAway() {
    vne.askUp();
    vne.orders(DEPLOY);
    vne.hostGoesAway("b");
    vne.order("a", UNDEPLOY);
    vne.undeployed("a");
    assertThat(vne.refusal().getReason()).isEqualTo("host b cannot be reached any more");
    vne.hostComesBack("b");
    vne.order("b", UNDEPLOY); // what it may have started meanwhile
  }

  @Test
  void shouldUndoDeploymentWhenVmDiesWhileLoading() {
    vne.askUp();
    vne.orders(DEPLOY);
    vne.vmExited("b", "web", "Could not open '/dev/kvm'");
    vne.undeploy();
    assertThat(vne.refusal().getReason())
        .isEqualTo("VM web: it ended on host b: Could not open '/dev/kvm'");
  }

  @Test
  void shouldRepeatGoAndReportMissingVmsAtDeadline() {
    vne.askUp();
    vne.load();
    vne.orders(GO);
    vne.running("a");
    assertThat(vne.status().getStep()).isEqualTo("starting");
    vne.timePasses(vne.settings().retryInterval());
    vne.order("b", GO);
    vne.host("a").expectNoMessage(Duration.ofMillis(50));
    vne.timePasses(vne.timeouts().go());
    assertThat(vne.refusal().getReason()).isEqualTo("host b had not let its VMs run after 30 s");
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DEGRADED);
    assertThat(vne.events()).endsWith(VneEvent.KindCase.WENT_RUNNING, VneEvent.KindCase.VM_LOST);
  }

  @Test
  void shouldIgnoreReportsOfOtherGenerationsHostsAndSteps() {
    vne.askUp();
    vne.orders(DEPLOY);
    vne.report(vne.from("b").setGeneration(7).setDeployed(deployedNothing()));
    vne.report(vne.from("c").setDeployed(deployedNothing()));
    vne.report(vne.from("b").setVne("other").setDeployed(deployedNothing()));
    vne.running("b");
    vne.deployed("a");
    vne.deployed("a");
    assertThat(vne.status().getStep()).isEqualTo("loading");
    vne.deployed("b");
    vne.start();
    assertThat(vne.reply().getStatus().getPhase()).isEqualTo(Phase.RUNNING);
  }

  private static Deployed deployedNothing() {
    return Deployed.getDefaultInstance();
  }

  @Test
  void shouldShowProgressOnlyOfThisDeployment() {
    vne.askUp();
    vne.orders(DEPLOY);
    vne.report(
        vne.from("b")
            .setProgress(
                Progress.newBuilder()
                    .addVms(VmProgress.newBuilder().setVm("web").setDoneBytes(5).setTotalBytes(9))
                    .addVms(VmProgress.newBuilder().setVm("db").setDoneBytes(77))));
    assertThat(vne.status().getVmsList())
        .extracting(VmStatus::getDoneBytes, VmStatus::getTotalBytes)
        .containsExactly(tuple(5L, 9L), tuple(0L, 0L));
  }

  @Test
  void shouldShowTroubleWithNetworkCardsOnlyOfThisDeployment() {
    vne.up();
    CardTrouble lost =
        CardTrouble.newBuilder().setVnic("eth0").setDisconnectedReason("closed").build();
    vne.report(vne.from("b").setVmCards(VmCards.newBuilder().setVm("web").addCards(lost)));
    vne.report(vne.from("a").setVmCards(VmCards.newBuilder().setVm("web")));
    vne.report(vne.from("b").setVmCards(VmCards.newBuilder().setVm("db").addCards(lost)));
    assertThat(vne.status().getVmsList())
        .filteredOn(vm -> vm.getCardsCount() > 0)
        .singleElement()
        .matches(vm -> vm.getVm().equals("web") && vm.getCards(0).equals(lost));
    assertThat(vne.status().getPhase()).isEqualTo(Phase.RUNNING);
    vne.askDown();
    vne.orders(UNDEPLOY);
    vne.undeployed("a");
    vne.undeployed("b");
    vne.reply();
    vne.up();
    assertThat(vne.status().getVmsList()).allMatch(vm -> vm.getCardsCount() == 0);
  }

  @Test
  void shouldTakeDownAndForgetNothingButTheDeployment() {
    vne.up();
    vne.askDown();
    vne.orders(UNDEPLOY);
    assertThat(vne.status().getPhase()).isEqualTo(Phase.STOPPING);
    vne.undeployed("a");
    vne.undeployed("a");
    vne.timePasses(vne.settings().retryInterval());
    vne.order("b", UNDEPLOY);
    vne.undeployed("b");
    assertThat(vne.reply().getStatus())
        .returns(Phase.DOWN, VneStatus::getPhase)
        .returns(1, VneStatus::getGeneration)
        .returns(0, VneStatus::getVmsCount);
    vne.askDown();
    assertThat(vne.reply().getStatus().getPhase()).isEqualTo(Phase.DOWN);
    vne.askUp();
    assertThat(vne.order("a", DEPLOY).getGeneration()).isEqualTo(2);
  }

  @Test
  void shouldSayWhichHostDidNotConfirmTakingDown() {
    vne.up();
    vne.askDown();
    vne.orders(UNDEPLOY);
    vne.undeployed("b");
    vne.status();
    vne.timePasses(vne.timeouts().undeploy());
    assertThat(vne.refusal())
        .returns(RefusalCode.FAILED, Refused::getCode)
        .satisfies(refused -> assertThat(refused.getReason()).contains("host a", "30 s"));
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DOWN);
  }

  @Test
  void shouldTellAHostThatDidNotConfirmUntilItHas() {
    vne.up();
    vne.askDown();
    vne.orders(UNDEPLOY);
    vne.undeployed("b");
    vne.status();
    vne.timePasses(vne.timeouts().undeploy());
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DOWN);
    vne.skipOrders("a");
    vne.timePasses(vne.settings().retryInterval());
    assertThat(vne.order("a", UNDEPLOY).getGeneration()).isEqualTo(1);
    vne.undeployed("a");
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DOWN);
    vne.timePasses(vne.settings().retryInterval().multipliedBy(3));
    vne.expectNoOrders();
  }

  @Test
  void shouldRepeatWhatAHostThatCameBackDidNotConfirm() {
    vne.up();
    vne.hostGoesAway("b");
    vne.askDown();
    vne.order("a", UNDEPLOY);
    vne.undeployed("a");
    vne.hostComesBack("b");
    vne.order("b", UNDEPLOY);
    vne.timePasses(vne.settings().retryInterval());
    vne.order("b", UNDEPLOY);
    vne.undeployed("b");
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DOWN);
    vne.timePasses(vne.settings().retryInterval().multipliedBy(3));
    vne.expectNoOrders();
  }

  @Test
  void shouldTakeDownWithoutHostsThatAreGone() {
    vne.up();
    vne.hostGoesAway("b");
    vne.askDown();
    vne.order("a", UNDEPLOY);
    vne.undeployed("a");
    assertThat(vne.reply().getStatus().getPhase()).isEqualTo(Phase.DOWN);
    vne.hostComesBack("b");
    assertThat(vne.order("b", UNDEPLOY).getGeneration()).isEqualTo(1);
    vne.undeployed("b");
  }

  @Test
  void shouldTakeDownWhileComingUp() {
    vne.askUp();
    vne.orders(DEPLOY);
    TestProbe<VneReply> other = vne.newClient();
    vne.ask(VneRequest.newBuilder().setDown(Down.getDefaultInstance()), other);
    vne.undeploy();
    assertThat(vne.refusal().getReason()).contains("taken down by another request");
    assertThat(other.receiveMessage(VneHarness.PATIENCE).getStatus().getPhase())
        .isEqualTo(Phase.DOWN);
  }

  @Test
  void shouldBecomeDegradedWhenVmDiesAndRefuseSnapshots() {
    vne.up();
    vne.vmExited("b", "web", "signal 9");
    VneStatus status = vne.status();
    assertThat(status.getPhase()).isEqualTo(Phase.DEGRADED);
    assertThat(status.getLastFailure()).isEqualTo("VM web: it ended on host b: signal 9");
    assertThat(status.getVms(0).getState()).isEqualTo("exited");
    vne.askSnapshot(TakeSnapshot.newBuilder());
    assertThat(vne.refusal())
        .returns(RefusalCode.NOT_NOW, Refused::getCode)
        .satisfies(refused ->
            assertThat(refused.getReason())
                .contains("degraded", "VM web: it ended on host b: signal 9"));
    vne.vmExited("b", "web", "signal 9");
    vne.status();
    assertThat(vne.events().stream().filter(VneEvent.KindCase.VM_LOST::equals)).hasSize(1);
  }

  @Test
  void shouldForgiveHostThatComesBackWithinGrace() {
    vne.up();
    vne.hostGoesAway("b");
    assertThat(vne.status())
        .returns(Phase.DEGRADED, VneStatus::getPhase)
        .returns("host b cannot be reached", VneStatus::getLastFailure);
    vne.hostComesBack("b");
    vne.order("b", GO); // asks what has become of its VMs
    vne.running("b");
    assertThat(vne.status().getPhase()).isEqualTo(Phase.RUNNING);
    vne.timePasses(vne.settings().hostGrace().multipliedBy(2));
    assertThat(vne.status().getPhase()).isEqualTo(Phase.RUNNING);
    assertThat(vne.events()).doesNotContain(VneEvent.KindCase.VM_LOST);
  }

  @Test
  void shouldCountVmsAsLostWhenHostWasStartedAnewWithinGrace() {
    vne.up();
    vne.hostGoesAway("b");
    vne.hostComesBack("b");
    vne.order("b", GO);
    vne.nothingDeployed("b");
    assertThat(vne.status())
        .returns(Phase.DEGRADED, VneStatus::getPhase)
        .returns("VM web: host b lost it: nothing is deployed", VneStatus::getLastFailure);
    vne.nothingDeployed("b");
    vne.status();
    assertThat(vne.events().stream().filter(VneEvent.KindCase.VM_LOST::equals)).hasSize(1);
  }

  @Test
  void shouldAskHostThatCameBackUntilItAnswers() {
    vne.up();
    vne.hostGoesAway("b");
    vne.hostComesBack("b");
    vne.order("b", GO);
    vne.timePasses(vne.settings().retryInterval()); // its answer was lost
    vne.order("b", GO);
    vne.nothingDeployed("b");
    assertThat(vne.status().getPhase()).isEqualTo(Phase.DEGRADED);
    vne.timePasses(vne.settings().retryInterval().multipliedBy(3));
    vne.expectNoOrders();
  }

  @Test
  void shouldCountVmsAsLostWhenHostStaysAway() {
    vne.up();
    vne.hostGoesAway("b");
    assertThat(vne.status().getVms(0).getState()).isEqualTo("host lost");
    vne.timePasses(vne.settings().hostGrace());
    assertThat(vne.status().getLastFailure())
        .isEqualTo("VM web: host b has been out of reach for 30 s");
    assertThat(vne.lastEvent().getVmLost().getVm()).isEqualTo("web");
  }

  @Test
  void shouldRefuseRequestsThatAreNotForThisVneOrUnknown() {
    vne.ask(VneRequest.newBuilder());
    assertThat(vne.refusal().getReason()).contains("unknown request");
  }

  @Test
  void shouldLeaveMemoryWhenDownAndNobodyAsks() {
    vne.status();
    vne.timePasses(vne.settings().passivateAfter());
    vne.shard.receiveMessage(VneHarness.PATIENCE);
    vne.up();
    vne.timePasses(vne.settings().passivateAfter());
    vne.shard.expectNoMessage(Duration.ofMillis(50));
  }
}
