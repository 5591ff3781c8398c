package io.vnsnap.host;

import static io.vnsnap.host.fake.HostFixture.SNAPSHOT;
import static io.vnsnap.host.fake.HostFixture.VNE;
import static io.vnsnap.host.fake.HostFixture.frameToB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import akka.actor.testkit.typed.javadsl.LoggingTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import com.google.protobuf.ByteString;
import io.vnsnap.host.fake.FakeMachine;
import io.vnsnap.host.fake.HostFixture;
import io.vnsnap.proto.ConsoleAttach;
import io.vnsnap.proto.ConsoleInput;
import io.vnsnap.proto.ConsoleOutput;
import io.vnsnap.proto.ConsoleRequest;
import io.vnsnap.proto.Endpoint;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.RefusedFrames;
import io.vnsnap.proto.VmCards;
import io.vnsnap.proto.VmStored;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.store.NoSuchSnapshotException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HostActorTest {
  private static final Duration LONG = Duration.ofSeconds(15);

  /** After it, nobody waits any more for the end of a VM whose socket was closed. */
  private static final Duration LONGER_THAN_A_VM_ENDS = Duration.ofSeconds(3);

  /** Of an address' last byte in a frame. */
  private static final int SOURCE_AT = 11;

  private HostFixture host;

  @BeforeEach
  void start() throws IOException {
    host = new HostFixture();
  }

  @AfterEach
  void end() throws IOException {
    host.close();
  }

  @Test
  void shouldRunVmsAndCarryTheirFrames() throws Exception {
    host.run();
    host.hypervisor().machine("a").network().writeFrame(frameToB(1));

    byte[] got = host.hypervisor().machine("b").network().received().poll(10, TimeUnit.SECONDS);
    assertThat(got).hasSize(64).endsWith(frameToB(1));
    host.undeploy();
    host.await(HostReport::hasUndeployed);
    assertThat(host.count(HostReport::hasUndeployed)).isEqualTo(1);
  }

  @Test
  void shouldSealWhatWasInFlightAndDeliverItFirstAfterARestore() throws Exception {
    host.run();
    host.prepare();
    host.await(HostReport::hasPrepared);
    FakeMachine sender = host.hypervisor().machine("a");
    CompletableFuture<Void> mayPause = sender.holdPause();
    host.cut();
    host.await(HostReport::hasVmCut);
    sender.network().writeFrame(frameToB(9));
    assertThat(host.hypervisor().machine("b").network().received().poll(4, TimeUnit.SECONDS))
        .isNotNull();
    assertThat(host.plane().recordedBytes()).isPositive();
    mayPause.complete(null);
    Manifest manifest = HostFixture.manifest(List.of(host.awaitStored(), host.awaitStored()));
    assertThat(host.plane().recordedBytes()).as("bytes still kept").isZero();
    assertThat(manifest.getLogsList()).singleElement().matches(log -> log.getFrames() == 1);
    host.seal(manifest);
    host.await(HostReport::hasSealed);
    host.undeploy();
    host.await(HostReport::hasUndeployed);

    host.nextGeneration();
    host.deploy(SNAPSHOT, LONG);
    host.await(HostReport::hasDeployed);
    host.go();
    host.await(HostReport::hasRunning);

    assertThat(host.hypervisor().loaded()).containsExactlyInAnyOrder("a", "b");
    assertThat(host.hypervisor().ways()).containsExactly(Loading.LAZY);
    assertThat(host.hypervisor().machine("b").network().received().poll(10, TimeUnit.SECONDS))
        .endsWith(frameToB(9));
  }

  @Test
  void shouldFailASnapshotWhoseFramesDoNotFitTheHost() throws Exception {
    try (HostFixture small = new HostFixture("vnsnap.net.host-record-bytes = 1 KiB")) {
      small.run();
      small.prepare();
      small.await(HostReport::hasPrepared);
      FakeMachine sender = small.hypervisor().machine("a");
      CompletableFuture<Void> mayPause = sender.holdPause();
      small.cut();
      small.await(HostReport::hasVmCut);
      sender.network().writeFrame(frameToB(9));
      assertThat(small.await(HostReport::hasSnapshotFailed).getSnapshotFailed().getReason())
          .contains("1024 bytes of vnsnap.net.host-record-bytes");
      assertThat(small.hypervisor().machine("b").network().received().poll(4, TimeUnit.SECONDS))
          .endsWith(frameToB(9));
      mayPause.complete(null);
    }
  }

  @Test
  void shouldWarnOfAVmThatRunsOnWithoutItsNetwork() {
    host.run();
    LoggingTestKit.warn("VM a runs on without its network card")
        .withOccurrences(1)
        .expect(
            host.kit().system(),
            () -> {
              host.hypervisor().machine("a").network().close();
              return host;
            });
    assertThat(host.hypervisor().machine("a").running()).isTrue();
    assertThat(host.count(HostReport::hasVmExited)).isZero();
    VmCards report = host.await(HostReport::hasVmCards).getVmCards();
    assertThat(report.getVm()).isEqualTo("a");
    assertThat(report.getCardsList())
        .singleElement()
        .matches(card -> card.getVnic().equals("n0") && card.getRefusedCount() == 0)
        .matches(card -> card.getDisconnectedReason().contains("closed its network socket"));
    assertThat(host.await(HostReport::hasVmCards).getVmCards()).as("repeated").isEqualTo(report);
  }

  @Test
  void shouldReportFramesThatAreRefusedAndNothingBeforeThat() throws Exception {
    host.run();
    FakeMachine sender = host.hypervisor().machine("a");
    sender.network().writeFrame(frameToB(1));
    assertThat(host.hypervisor().machine("b").network().received().poll(10, TimeUnit.SECONDS))
        .isNotNull();
    assertThat(host.count(HostReport::hasVmCards)).isZero();
    byte[] forged = frameToB(1);
    forged[SOURCE_AT]++;
    sender.network().writeFrame(forged);
    assertThat(host.await(HostReport::hasVmCards).getVmCards().getCardsList())
        .singleElement()
        .matches(card -> card.getDisconnectedReason().isEmpty())
        .extracting(card -> card.getRefused(0))
        .isEqualTo(RefusedFrames.newBuilder().setCause("forged source").setFrames(1).build());
  }

  @Test
  void shouldNotWarnOfTheNetworkOfAVmThatHasEnded() {
    host.run();
    LoggingTestKit.warn("runs on without its network card")
        .withOccurrences(0)
        .expect(
            host.kit().system(),
            () -> {
              host.hypervisor().machine("a").crash("it crashed");
              host.await(HostReport::hasVmExited);
              await()
                  .during(LONGER_THAN_A_VM_ENDS)
                  .atMost(LONG)
                  .until(() -> host.count(HostReport::hasVmExited) > 0);
              return host;
            });
  }

  @Test
  void shouldAnswerRepeatedOrdersAgain() throws Exception {
    host.run();
    host.deploy("", LONG);
    host.await(HostReport::hasDeployed);
    host.go();
    host.await(HostReport::hasRunning);
    assertThat(host.count(HostReport::hasRunning)).isEqualTo(2);

    Manifest manifest = host.capture();
    host.prepare();
    VmStored again = host.awaitStored();
    assertThat(manifest.getImagesList()).contains(again.getImage());
    host.seal(manifest);
    host.seal(manifest);
    host.await(HostReport::hasSealed);
    host.await(HostReport::hasSealed);
    assertThat(host.store().manifest(SNAPSHOT)).isEqualTo(manifest);
  }

  @Test
  void shouldAnswerEveryOrderWhenNothingIsDeployed() {
    host.go();
    host.await(HostReport::hasDeployFailed);
    host.prepare();
    host.await(HostReport::hasSnapshotFailed);
    host.cut();
    host.await(HostReport::hasSnapshotFailed);
    host.seal(HostFixture.manifest(List.of()));
    host.await(HostReport::hasSnapshotFailed);
    host.abort();
    host.await(HostReport::hasAborted);
    host.undeploy();

    assertThat(host.await(HostReport::hasUndeployed).getHost()).isEqualTo("h1");
  }

  @Test
  void shouldReportAFailedStartAndLeaveNothing() {
    host.hypervisor().failWith("no QEMU here");
    host.deploy("", LONG);

    assertThat(host.await(HostReport::hasDeployFailed).getDeployFailed().getReason())
        .contains("no QEMU here");
    host.deploy("", LONG);
    host.await(HostReport::hasDeployFailed);
    host.go();
    host.await(HostReport::hasDeployFailed);
    host.undeploy();
    host.await(HostReport::hasUndeployed);
  }

  @Test
  void shouldEndAnOlderDeploymentWhenAnOrderComesAboutANewerOne() {
    host.run();
    List<FakeMachine> old = host.hypervisor().all();
    host.nextGeneration();
    host.undeploy();

    await().atMost(LONG).until(() -> old.stream().allMatch(FakeMachine::gone));
    host.await(report -> report.hasUndeployed() && report.getGeneration() == 1);
    assertThat(host.count(HostReport::hasVmExited)).isZero();
  }

  @Test
  void shouldCountMemoryAsFreeWhenItReportsThatItHasUndeployed() {
    TestProbe<HostDescription> asker = host.kit().createTestProbe();
    host.onReport(report -> {
      if (report.hasUndeployed()) {
        host.tell(new ToHost.Describe(asker.getRef()));
      }
    });
    host.run();
    host.undeploy();

    assertThat(asker.receiveMessage(LONG).getMemoryUsedMib()).isZero();
  }

  @Test
  void shouldRefuseADeployThatIsMeantForItsEarlierLife() {
    Endpoint here = host.endpoint();
    host.deploy(here.toBuilder().setPort(here.getPort() - 1).build());
    assertThat(host.await(HostReport::hasDeployFailed).getDeployFailed().getReason())
        .contains("started anew");
    assertThat(host.hypervisor().all()).isEmpty();

    host.nextGeneration();
    host.deploy(here);
    assertThat(host.await(HostReport::hasDeployed).getDeployed().getVmsCount()).isEqualTo(2);
  }

  @Test
  void shouldReportAgainThatAVmHasEnded() {
    host.run();
    host.hypervisor().machine("a").crash("killed");
    HostReport first = host.await(HostReport::hasVmExited);

    assertThat(host.await(HostReport::hasVmExited)).isEqualTo(first);
  }

  @Test
  void shouldFailTheDeployOfASnapshotThatIsNotThere() {
    host.deploy("no-such", LONG);

    assertThat(host.await(HostReport::hasDeployFailed).getDeployFailed().getReason())
        .contains("no-such");
  }

  @Test
  void shouldLetTheOthersRunWhenAVmExitsBeforeGo() {
    host.deploy("", LONG);
    host.await(HostReport::hasDeployed);
    host.hypervisor().machine("a").crash("killed");
    host.await(HostReport::hasVmExited);
    host.deploy("", LONG);
    host.await(HostReport::hasDeployFailed);
    host.go();
    host.await(HostReport::hasRunning);

    assertThat(host.hypervisor().machine("b").running()).isTrue();
    host.go();
    assertThat(host.await(HostReport::hasVmExited).getVmExited().getVm()).isEqualTo("a");
    host.await(HostReport::hasRunning);
  }

  @Test
  void shouldFailAndAbortASnapshotWhenAVmHasExited() {
    host.run();
    host.prepare();
    host.await(HostReport::hasPrepared);
    host.hypervisor().machine("a").crash("killed");
    host.await(HostReport::hasSnapshotFailed);
    host.abort();
    host.await(HostReport::hasAborted);
    host.abort();
    host.await(HostReport::hasAborted);

    assertThat(host.hypervisor().machine("b").running()).isTrue();
    host.prepare();
    assertThat(host.await(HostReport::hasSnapshotFailed).getSnapshotFailed().getVm())
        .isEqualTo("a");
  }

  @Test
  void shouldFailTheSnapshotOfAVmThatCannotBePreparedOrStored() {
    host.run();
    host.hypervisor().machine("b").failToPrepare();
    host.prepare();
    assertThat(host.await(HostReport::hasSnapshotFailed).getSnapshotFailed().getReason())
        .contains("no memory to capture with");
    host.abort();
    host.await(HostReport::hasAborted);
  }

  @Test
  void shouldFailTheSnapshotWhenTheStoreIsFull() {
    host.run();
    host.hypervisor().machine("a").failToStore();
    host.prepare();
    host.await(HostReport::hasPrepared);
    host.cut();
    assertThat(host.await(HostReport::hasSnapshotFailed).getSnapshotFailed().getReason())
        .contains("disk full");
    host.abort();
    host.await(HostReport::hasAborted);
    await().atMost(LONG).until(() -> host.hypervisor().machine("a").running());
  }

  @Test
  void shouldGiveASnapshotUpByItselfWhenItsCoordinatorIsSilent() {
    host.run();
    host.prepare(Duration.ofMillis(500));
    host.await(HostReport::hasPrepared);

    await().atMost(LONG).until(() -> host.hypervisor().machine("a").captureGivenUp());
    await().atMost(LONG).until(() -> host.hypervisor().machine("b").captureGivenUp());

    host.cut();
    host.await(HostReport::hasSnapshotFailed);
  }

  @Test
  void shouldConfirmTheAbortOfASnapshotItNeverHeardOf() {
    host.run();
    host.abort();

    assertThat(host.await(HostReport::hasAborted).getAborted().getSnapshotId()).isEqualTo(SNAPSHOT);
  }

  @Test
  void shouldDeleteASealedSnapshotThatIsAborted() {
    host.run();
    Manifest manifest = host.capture();
    host.seal(manifest);
    host.abort();
    host.await(HostReport::hasAborted);

    assertThatThrownBy(() -> host.store().manifest(SNAPSHOT))
        .isInstanceOf(NoSuchSnapshotException.class);
    host.seal(manifest);
    assertThat(host.await(HostReport::hasSnapshotFailed).getSnapshotFailed().getReason())
        .isEqualTo("it was aborted");
  }

  @Test
  void shouldPassTheConsoleOnAndTellItsEndOnce() throws Exception {
    host.run();
    FakeMachine vm = host.hypervisor().machine("a");
    vm.console().write("login: ".getBytes(StandardCharsets.UTF_8));
    TestProbe<ConsoleOutput> reader = host.kit().createTestProbe();
    ConsoleRequest about = ConsoleRequest.newBuilder().setVne(VNE).setVm("a").build();
    host.tell(
        new ToHost.Console(
            about.toBuilder().setAttach(ConsoleAttach.getDefaultInstance()).build(),
            reader.getRef()));
    StringBuilder seen = new StringBuilder();
    while (!seen.toString().contains("login: ")) {
      seen.append(reader.receiveMessage(LONG).getData().toStringUtf8());
    }
    host.tell(
        new ToHost.Console(
            about.toBuilder()
                .setInput(ConsoleInput.newBuilder().setData(ByteString.copyFromUtf8("root\n")))
                .build(),
            reader.getRef()));
    assertThat(vm.console().received().poll(10, TimeUnit.SECONDS))
        .isEqualTo("root\n".getBytes(StandardCharsets.UTF_8));

    host.undeploy();
    assertThat(reader.receiveMessage(LONG).getClosedReason()).isNotEmpty();
    host.await(HostReport::hasUndeployed);
    reader.expectNoMessage(Duration.ofMillis(100));
    assertThat(host.count(HostReport::hasVmExited)).isZero();
  }
}
