package io.vnsnap.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.FishingOutcomes;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.PauseRecord;
import io.vnsnap.proto.Staging;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class VmActorTest {
  private static final VmEvent.Loaded LOADED =
      new VmEvent.Loaded(
          "vm", 4711, "scripted", "1.0.0", new VmEvent.Sockets(List.of(), ScriptedMachine.NOWHERE));

  private static final ActorTestKit KIT = ActorTestKit.create();
  private static final Duration DISTANT = Duration.ofMinutes(5);
  private static final VmSettings SETTINGS =
      new VmSettings(
          Duration.ofMillis(100),
          Duration.ofMillis(300),
          3,
          Duration.ofMillis(200),
          Duration.ofMillis(50),
          new RoundsSettings(
              Staging.MEMORY,
              4 << 20,
              8,
              Duration.ofSeconds(20),
              Duration.ZERO,
              Duration.ofSeconds(1),
              1),
          new AutoSettings(0.85, Duration.ofMillis(25)));
  private static final MachineSpec SPEC =
      new MachineSpec(
          "vm",
          Path.of("/run/vm"),
          Path.of("/disks"),
          64,
          1,
          new MachineSpec.Boot(Path.of("/vmlinuz"), null, ""),
          List.of(new MachineSpec.Disk("data", Path.of("/data"), "raw", false)),
          List.of());

  private final Script script = new Script();
  private final ScriptedMachine machine = new ScriptedMachine(script);
  private final MemoryStore store = new MemoryStore();
  private final TestProbe<VmEvent> owner = KIT.createTestProbe();
  private volatile double processorLoad;
  private ActorRef<VmActor.Command> vm;

  @BeforeEach
  void spawn() {
    vm =
        KIT.spawn(
            VmActor.create(
                "vm",
                new VmActor.Surroundings(
                    "host-a",
                    "vne",
                    machine,
                    store,
                    machine,
                    Runnable::run,
                    System::nanoTime,
                    () -> processorLoad,
                    SETTINGS),
                owner.getRef()));
  }

  @AfterEach
  void stop() {
    KIT.stop(vm);
    assertThat(store.open()).isZero();
  }

  @AfterAll
  static void end() {
    KIT.shutdownTestKit();
  }

  /** The next report that is not about progress. */
  private VmEvent next() {
    VmEvent event = owner.receiveMessage(Duration.ofSeconds(5));
    return event instanceof VmEvent.Progress ? next() : event;
  }

  private void expect(VmEvent expected) {
    assertThat(next()).isEqualTo(expected);
  }

  private void start() {
    vm.tell(new VmActor.Start(SPEC, Optional.empty()));
    expect(LOADED);
  }

  private void run() {
    start();
    go();
  }

  /** Runs a VM with so much memory. */
  private void run(int memoryMib) {
    MachineSpec large =
        new MachineSpec(
            SPEC.name(),
            SPEC.folder(),
            SPEC.diskFolder(),
            memoryMib,
            1,
            SPEC.boot(),
            SPEC.disks(),
            SPEC.vnics());
    vm.tell(new VmActor.Start(large, Optional.empty()));
    expect(LOADED);
    go();
  }

  private void go() {
    vm.tell(new VmActor.Go());
    expect(new VmEvent.Running("vm", ScriptedMachine.RESUMED_AT));
    script.forget();
  }

  private void prepare(String snapshotId) {
    order(snapshotId, DISTANT);
    expect(new VmEvent.Prepared("vm", snapshotId));
  }

  private void order(String snapshotId, Duration deadline) {
    vm.tell(
        new VmActor.Prepare(
            snapshotId, 1, CaptureMode.AUTO, Staging.STAGING_UNSPECIFIED, deadline));
  }

  private void cut(String snapshotId) {
    vm.tell(new VmActor.Cut(snapshotId, 1));
  }

  private void abort(String snapshotId) {
    vm.tell(new VmActor.Abort(snapshotId, 1));
  }

  private static VmEvent.CutMade cutMade(String snapshotId) {
    return new VmEvent.CutMade(
        "vm",
        snapshotId,
        PauseRecord.newBuilder()
            .setStopUs(ScriptedMachine.STOPPED_AT)
            .setResumeUs(ScriptedMachine.RESUMED_AT)
            .build(),
        ScriptedMachine.FRAMES_HELD);
  }

  private void expectFailure(String snapshotId, String reason) {
    assertThat(next())
        .isInstanceOfSatisfying(
            VmEvent.CaptureFailed.class,
            failed -> {
              assertThat(failed.snapshotId()).isEqualTo(snapshotId);
              assertThat(failed.reason()).contains(reason).doesNotContain("\n");
            });
  }

  private void expectCalled(String... calls) {
    await().untilAsserted(() -> assertThat(script.calls()).contains(calls));
  }

  private void expectStored(String snapshotId) {
    assertThat(next())
        .isInstanceOfSatisfying(
            VmEvent.ImageStored.class,
            stored -> {
              ImageRecord image = stored.image();
              assertThat(stored.snapshotId()).isEqualTo(snapshotId);
              assertThat(image.getVm()).isEqualTo("vm");
              assertThat(image.getHost()).isEqualTo("host-a");
              assertThat(image.getHypervisor()).isEqualTo("scripted");
              assertThat(image.getHypervisorVersion()).isEqualTo("1.0.0");
              assertThat(image.getBytes()).isEqualTo(99);
              assertThat(image.getObject()).isEqualTo("object");
              assertThat(image.getAddedBytes()).isEqualTo(44);
              assertThat(image.getMode()).isEqualTo(CaptureMode.INSTANT);
              assertThat(image.getStalledUs()).isEqualTo(7);
              assertThat(image.getSha256().toStringUtf8()).isEqualTo("sum");
              assertThat(image.getPause().getResumeUs()).isEqualTo(ScriptedMachine.RESUMED_AT);
              assertThat(image.getDisksList()).containsExactly(ScriptedMachine.DISK);
            });
  }

  private void takeSnapshot(String snapshotId) {
    prepare(snapshotId);
    cut(snapshotId);
    expect(cutMade(snapshotId));
    expectStored(snapshotId);
  }

  @Test
  void shouldMakeTheCutInTheOrderThatKeepsEveryFrame() {
    run();
    takeSnapshot("s1");
    assertThat(script.calls())
        .containsExactly(
            "prepareCapture",
            "hold",
            "pause",
            "turnRed 1",
            "freezeDisks s1",
            "startCapture",
            "release",
            "stored",
            "storeDisks s1");
  }

  @Test
  void shouldFailTheSnapshotWhenADiskCannotBeStored() {
    run();
    script.fail("storeDisks", "disk data was not stored: the store is full");
    prepare("s1");
    cut("s1");
    expect(cutMade("s1"));
    expectFailure("s1", "disk data was not stored: the store is full");
    expectCalled("cancel", "cancelDisks", "abort 1");
    script.free("storeDisks");
    takeSnapshot("s2");
  }

  @Test
  void shouldGiveTheDisksUpWhenTheSnapshotIsAbortedWhileTheyAreStored() {
    run();
    script.hold("storeDisks");
    prepare("s1");
    cut("s1");
    expect(cutMade("s1"));
    expectCalled("storeDisks s1");
    abort("s1");
    expect(new VmEvent.AbortDone("vm", "s1"));
    expectCalled("cancel", "cancelDisks");
    script.free("storeDisks");
    takeSnapshot("s2");
  }

  @Test
  void shouldTakeSeveralSnapshotsInARow() {
    run();
    takeSnapshot("s1");
    takeSnapshot("s2");
    takeSnapshot("s3");
    assertThat(script.calls()).doesNotContain("cancel", "abort 1");
  }

  @Test
  void shouldOpenTheGatesOnlyWhenTheVmRuns() {
    start();
    vm.tell(new VmActor.Go());
    expect(new VmEvent.Running("vm", ScriptedMachine.RESUMED_AT));
    assertThat(script.calls()).containsExactly("start", "resume", "open");
  }

  @Test
  void shouldLoadFromTheStoreWithTheFrozenDisks() throws Exception {
    try (ImageWriter writer = store.writeImage(ImageTarget.of("s0", "vne", "vm"))) {
      writer.commit();
    }
    vm.tell(
        new VmActor.Start(
            SPEC,
            Optional.of(
                new VmActor.Load(
                    "s0",
                    ImageRecord.newBuilder().setVm("vm").addDisks(ScriptedMachine.DISK).build(),
                    Loading.LAZY_IF_POSSIBLE))));
    expect(LOADED);
    assertThat(script.calls()).containsExactly("load 1 LAZY_IF_POSSIBLE");
  }

  @Test
  void shouldReportHowFarALazyLoadIsUntilAllIsThere() {
    FakeArrival arrival = new FakeArrival();
    machine.arrives(arrival);
    start();
    arrival.bytes = 4096;
    expectProgress(new VmEvent.Progress("vm", 4096, 8192));
    vm.tell(new VmActor.Go());
    arrival.bytes = 8192;
    expectProgress(new VmEvent.Progress("vm", 8192, 8192));
  }

  @Test
  void shouldSayThatTheVmEndedForWantOfMemory() {
    FakeArrival arrival = new FakeArrival();
    machine.arrives(arrival);
    run();
    arrival.fate = Arrival.Fate.STORE_FAILED;
    machine.exit("page 17 of pc.ram could not be read");
    expect(new VmEvent.Exited("vm", "page 17 of pc.ram could not be read", true));
  }

  private void expectProgress(VmEvent.Progress progress) {
    owner.fishForMessage(
        Duration.ofSeconds(5),
        event ->
            event.equals(progress)
                ? FishingOutcomes.complete()
                : FishingOutcomes.continueAndIgnore());
  }

  private static final class FakeArrival implements Arrival {
    private volatile long bytes;
    private volatile Fate fate = Fate.WELL;

    @Override
    public CompletionStage<Void> done() {
      return new CompletableFuture<>();
    }

    @Override
    public Fate fate() {
      return fate;
    }

    @Override
    public long bytes() {
      return bytes;
    }

    @Override
    public long totalBytes() {
      return 8192;
    }
  }

  @Test
  void shouldReportAnImageThatCannotBeOpened() {
    vm.tell(
        new VmActor.Start(
            SPEC,
            Optional.of(
                new VmActor.Load(
                    "s0",
                    ImageRecord.newBuilder().setVm("vm").addDisks(ScriptedMachine.DISK).build(),
                    Loading.FULL))));
    expect(new VmEvent.LoadFailed("vm", "image of vm is missing"));
    vm.tell(new VmActor.Go());
    expect(new VmEvent.LoadFailed("vm", "image of vm is missing"));
  }

  @Test
  void shouldReportAnImageOfAVmWithOtherDisks() throws Exception {
    try (ImageWriter writer = store.writeImage(ImageTarget.of("s0", "vne", "vm"))) {
      writer.commit();
    }
    vm.tell(
        new VmActor.Start(
            SPEC,
            Optional.of(
                new VmActor.Load(
                    "s0", ImageRecord.newBuilder().setVm("vm").build(), Loading.FULL))));
    expect(new VmEvent.LoadFailed("vm", "vm: the image was captured with the disks []"));
    assertThat(script.calls()).isEmpty();
  }

  @Test
  void shouldReportAStartThatFails() {
    script.fail("start", "QEMU ended with status 1: no such machine");
    vm.tell(new VmActor.Start(SPEC, Optional.empty()));
    expect(new VmEvent.LoadFailed("vm", "QEMU ended with status 1: no such machine"));
    vm.tell(new VmActor.Stop());
    expect(new VmEvent.Stopped("vm"));
  }

  @Test
  void shouldGiveAReportAgainWhenAnOrderComesAgain() {
    start();
    start();
    vm.tell(new VmActor.Go());
    expect(new VmEvent.Running("vm", ScriptedMachine.RESUMED_AT));
    vm.tell(new VmActor.Go());
    expect(new VmEvent.Running("vm", ScriptedMachine.RESUMED_AT));
    prepare("s1");
    prepare("s1");
    cut("s1");
    expect(cutMade("s1"));
    expectStored("s1");
    cut("s1");
    expect(cutMade("s1"));
    expectStored("s1");
    abort("s1");
    expect(new VmEvent.AbortDone("vm", "s1"));
    abort("s1");
    expect(new VmEvent.AbortDone("vm", "s1"));
  }

  @Test
  void shouldRefuseWhatCannotBeFollowedAndSayWhy() {
    vm.tell(new VmActor.Go());
    expect(new VmEvent.Refused("vm", "Go", "it was not started"));
    cut("s1");
    expectFailure("s1", "cannot cut: it was not started");
    abort("s1");
    expect(new VmEvent.AbortDone("vm", "s1"));
    start();
    order("s1", DISTANT);
    expectFailure("s1", "cannot prepare: it does not run yet");
    vm.tell(new VmActor.Go());
    expect(new VmEvent.Running("vm", ScriptedMachine.RESUMED_AT));
    cut("s1");
    expectFailure("s1", "cannot cut: it is not prepared");
    vm.tell(new VmActor.Start(SPEC, Optional.empty()));
    expect(new VmEvent.Refused("vm", "Start", "it is started already"));
    prepare("s1");
    order("s2", DISTANT);
    expectFailure("s2", "snapshot s1 is in progress");
  }

  private ImageRecord stored(String snapshotId, CaptureMode mode, Staging staging) {
    vm.tell(new VmActor.Prepare(snapshotId, 1, mode, staging, DISTANT));
    expect(new VmEvent.Prepared("vm", snapshotId));
    cut(snapshotId);
    expect(cutMade(snapshotId));
    return ((VmEvent.ImageStored) next()).image();
  }

  @Test
  void shouldSayOfACaptureInRoundsWhatEachHasBrought() {
    run();
    ImageRecord image = stored("s1", CaptureMode.ROUNDS, Staging.DISK);
    assertThat(image.getMode()).isEqualTo(CaptureMode.ROUNDS);
    assertThat(image.getStaging()).isEqualTo(Staging.DISK);
    assertThat(image.getRoundsList()).isEqualTo(ScriptedMachine.ROUNDS);
    assertThat(script.calls()).containsSubsequence("prepareCapture", "hold", "pause", "stored");
  }

  @Test
  void shouldStageWhereTheHostIsConfiguredTo() {
    run();
    assertThat(stored("s1", CaptureMode.ROUNDS, Staging.STAGING_UNSPECIFIED).getStaging())
        .isEqualTo(Staging.MEMORY);
    assertThat(stored("s2", CaptureMode.INSTANT, Staging.STAGING_UNSPECIFIED))
        .returns(CaptureMode.INSTANT, ImageRecord::getMode)
        .returns(Staging.STAGING_UNSPECIFIED, ImageRecord::getStaging);
  }

  @Test
  void shouldChooseInstantOfASmallVmWithoutMeasuring() {
    run();
    assertThat(stored("s1", CaptureMode.AUTO, Staging.STAGING_UNSPECIFIED).getMode())
        .isEqualTo(CaptureMode.INSTANT);
    assertThat(script.calls()).doesNotContain("dirtyRate");
  }

  @Test
  void shouldChooseRoundsOfALargeVmThatWritesLittle() {
    run(8 << 10);
    machine.dirty(1 << 20);
    assertThat(stored("s1", CaptureMode.AUTO, Staging.STAGING_UNSPECIFIED).getMode())
        .isEqualTo(CaptureMode.ROUNDS);
    assertThat(script.calls()).contains("dirtyRate");
  }

  @Test
  void shouldChooseInstantOfALargeVmThatWritesMuch() {
    run(8 << 10);
    machine.dirty(4L << 30);
    assertThat(stored("s1", CaptureMode.AUTO, Staging.STAGING_UNSPECIFIED).getMode())
        .isEqualTo(CaptureMode.INSTANT);
  }

  @Test
  void shouldSpareABusyHostFromTheSecondSnapshotOnUntilTheGuestWritesTooMuch() {
    run();
    processorLoad = 0.97;
    machine.dirty(1 << 20);
    assertThat(stored("first", CaptureMode.AUTO, Staging.STAGING_UNSPECIFIED).getMode())
        .isEqualTo(CaptureMode.INSTANT);
    assertThat(stored("s1", CaptureMode.AUTO, Staging.STAGING_UNSPECIFIED).getMode())
        .isEqualTo(CaptureMode.ROUNDS);
    assertThat(script.calls()).contains("dirtyRate");
    processorLoad = 0.5;
    assertThat(stored("s2", CaptureMode.AUTO, Staging.STAGING_UNSPECIFIED).getMode())
        .isEqualTo(CaptureMode.INSTANT);
    processorLoad = 0.97;
    machine.dirty(1L << 30);
    assertThat(stored("s3", CaptureMode.AUTO, Staging.STAGING_UNSPECIFIED).getMode())
        .isEqualTo(CaptureMode.INSTANT);
  }

  @Test
  void shouldNeverChooseInstantWhereItIsNotPossible() {
    machine.forbidInstant("the kernel does not let QEMU write-protect memory");
    run();
    assertThat(stored("s1", CaptureMode.AUTO, Staging.STAGING_UNSPECIFIED).getMode())
        .isEqualTo(CaptureMode.ROUNDS);
  }

  @Test
  void shouldSayWhyInstantIsNotPossible() {
    machine.forbidInstant("the kernel does not let QEMU write-protect memory");
    run();
    vm.tell(
        new VmActor.Prepare("s1", 1, CaptureMode.INSTANT, Staging.STAGING_UNSPECIFIED, DISTANT));
    expectFailure(
        "s1",
        "VM vm was not captured: INSTANT is not possible on this host: the kernel does not let"
            + " QEMU write-protect memory; use mode auto or rounds");
    assertThat(machine.plans()).isEmpty();
  }

  @Test
  void shouldCaptureInOneRoundWhenTheHypervisorHasEndedTheRoundsByItself() {
    run();
    machine.runAwayOnce();
    assertThat(stored("s1", CaptureMode.ROUNDS, Staging.DISK).getMode())
        .isEqualTo(CaptureMode.ROUNDS);
    assertThat(machine.plans()).extracting(plan -> plan.rounds().maxRounds()).containsExactly(8, 1);
    assertThat(script.calls()).doesNotContain("hold cancel", "abort 1");
  }

  @Test
  void shouldRefuseASnapshotIdThatIsNone() {
    run();
    order("../s1", DISTANT);
    expectFailure("../s1", "not the id of a snapshot");
  }

  @ParameterizedTest
  @ValueSource(strings = {"hold", "pause", "turnRed", "freezeDisks", "startCapture", "release"})
  void shouldBringTheVmBackWhenAStepOfTheCutFails(String step) {
    run();
    prepare("s1");
    script.fail(step, "out of luck");
    cut("s1");
    expectFailure("s1", "out of luck");
    expectCalled("cancel", "abort 1");
    script.free(step);
    takeSnapshot("s2");
  }

  @ParameterizedTest
  @ValueSource(strings = {"hold", "pause", "turnRed", "freezeDisks", "startCapture", "release"})
  void shouldBringTheVmBackWhenAStepOfTheCutDoesNotEnd(String step) {
    run();
    prepare("s1");
    script.hold(step);
    cut("s1");
    expectFailure("s1", "took longer than");
    expectCalled("cancel", "abort 1");
    script.free(step);
    takeSnapshot("s2");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"prepareCapture", "hold", "pause", "turnRed", "freezeDisks", "startCapture"})
  void shouldAbortDuringEveryStepButBeginNoFurtherOne(String step) {
    run();
    Runnable gate = script.hold(step);
    order("s1", DISTANT);
    if (!step.equals("prepareCapture")) {
      expect(new VmEvent.Prepared("vm", "s1"));
      cut("s1");
    }
    await().until(() -> script.calls().stream().anyMatch(call -> call.startsWith(step)));
    script.free(step);
    abort("s1");
    abort("s1");
    vm.tell(new VmActor.Go());
    expect(new VmEvent.Running("vm", ScriptedMachine.RESUMED_AT));
    gate.run();
    expect(new VmEvent.AbortDone("vm", "s1"));
    assertThat(script.calls()).contains("cancel", "abort 1").doesNotContain("release");
    assertThat(script.calls().get(script.calls().size() - 1)).isIn("cancel", "abort 1");
    takeSnapshot("s2");
  }

  @Test
  void shouldAbortWhenPrepared() {
    run();
    prepare("s1");
    abort("s1");
    expect(new VmEvent.AbortDone("vm", "s1"));
    assertThat(script.calls()).containsExactly("prepareCapture", "hold", "cancel", "abort 1");
  }

  @Test
  void shouldAbortAlsoWhenTheNetworkDoesNotBecomeQuiet() {
    run();
    prepare("s1");
    script.fail("hold", "the VM takes no frames");
    abort("s1");
    expect(new VmEvent.AbortDone("vm", "s1"));
    assertThat(script.calls()).containsExactly("prepareCapture", "hold", "cancel", "abort 1");
  }

  @Test
  void shouldOpenTheGatesThatAFailedPreparationHasShut() {
    run();
    machine.makeQuietWhenFailing();
    script.fail("prepareCapture", "memory was not visited");
    order("s1", DISTANT);
    expectFailure("s1", "memory was not visited");
    expectCalled("hold", "resume", "abort 1");
  }

  @Test
  void shouldAbortWhileTheImageIsBeingStored() {
    run();
    script.hold("stored");
    prepare("s1");
    cut("s1");
    expect(cutMade("s1"));
    cut("s1");
    expect(cutMade("s1"));
    abort("s1");
    expect(new VmEvent.AbortDone("vm", "s1"));
    assertThat(script.calls()).contains("cancel", "abort 1");
  }

  @Test
  void shouldReportThatStoringFailedAndRunOn() {
    run();
    script.fail("stored", "disk full on host a");
    prepare("s1");
    cut("s1");
    expect(cutMade("s1"));
    expectFailure("s1", "disk full on host a");
    script.free("stored");
    expectCalled("cancel", "abort 1");
    takeSnapshot("s2");
  }

  @Test
  void shouldReportThatPreparingFailedAndLeaveTheGatesToTheAbort() {
    run();
    script.fail("prepareCapture", "not enough memory");
    order("s1", DISTANT);
    expectFailure("s1", "not enough memory");
    expectCalled("resume");
    assertThat(script.calls()).doesNotContain("abort 1");
    abort("s1");
    expect(new VmEvent.AbortDone("vm", "s1"));
    assertThat(script.calls()).contains("abort 1");
  }

  @Test
  void shouldMoveTheGatesByItselfWhenNoAbortFollowsAFailedPreparation() {
    run();
    script.fail("prepareCapture", "not enough memory");
    order("s1", Duration.ofMillis(200));
    expectFailure("s1", "not enough memory");
    expectCalled("abort 1");
  }

  @Test
  void shouldGiveUpByItselfWhenNoCutIsOrderedInTime() {
    run();
    order("s1", Duration.ofMillis(100));
    expect(new VmEvent.Prepared("vm", "s1"));
    expectFailure("s1", "no cut was ordered in time");
    expectCalled("cancel", "abort 1");
    cut("s1");
    expectFailure("s1", "");
  }

  @Test
  void shouldGiveUpByItselfWhenPreparingDoesNotEnd() {
    run();
    Runnable gate = script.hold("prepareCapture");
    order("s1", Duration.ofMillis(100));
    expectFailure("s1", "it was not prepared in time");
    gate.run();
    expectCalled("cancel", "abort 1");
  }

  @Test
  void shouldTryAgainUntilTheVmIsBack() {
    run();
    prepare("s1");
    script.fail("pause", "silence");
    script.fail("cancel", "silence");
    cut("s1");
    expectFailure("s1", "silence");
    expectCalled("cancel");
    script.free("cancel");
    abort("s1");
    expect(new VmEvent.AbortDone("vm", "s1"));
  }

  @Test
  void shouldEndAVmThatCannotBeBroughtBack() {
    run();
    prepare("s1");
    script.fail("pause", "silence");
    script.fail("cancel", "silence");
    cut("s1");
    expectFailure("s1", "silence");
    expect(
        new VmEvent.Exited(
            "vm", "it could not be brought back after snapshot s1 failed, and was ended"));
    assertThat(script.calls()).contains("kill", "shutdown");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"prepareCapture", "hold", "pause", "freezeDisks", "startCapture", "stored"})
  void shouldReportASnapshotAsFailedWhenTheProcessEndsDuringIt(String step) {
    run();
    script.hold(step);
    order("s1", DISTANT);
    if (!step.equals("prepareCapture")) {
      expect(new VmEvent.Prepared("vm", "s1"));
      cut("s1");
    }
    if (step.equals("stored")) {
      expect(cutMade("s1"));
    }
    machine.exit("QEMU was killed");
    expectFailure("s1", "QEMU was killed");
    expect(new VmEvent.Exited("vm", "QEMU was killed"));
    order("s2", DISTANT);
    expectFailure("s2", "it has ended");
    vm.tell(new VmActor.Stop());
    expect(new VmEvent.Stopped("vm"));
  }

  @Test
  void shouldReportAProcessThatEndsByItself() {
    run();
    machine.exit("the guest ended: guest-shutdown");
    expect(new VmEvent.Exited("vm", "the guest ended: guest-shutdown"));
    assertThat(script.calls()).contains("shutdown");
  }

  @Test
  void shouldStopAtAnyTime() {
    run();
    prepare("s1");
    vm.tell(new VmActor.Stop());
    expectFailure("s1", "the VM was stopped");
    expect(new VmEvent.Stopped("vm"));
    assertThat(script.calls()).contains("shutdown");
    vm.tell(new VmActor.Stop());
    expect(new VmEvent.Stopped("vm"));
  }

  @Test
  void shouldEndAMachineThatComesUpAfterTheStop() {
    Runnable starting = script.hold("start");
    vm.tell(new VmActor.Start(SPEC, Optional.empty()));
    vm.tell(new VmActor.Stop());
    await().until(() -> script.calls().contains("start"));
    starting.run();
    expect(new VmEvent.Stopped("vm"));
    assertThat(script.calls()).contains("shutdown");
  }

  @Test
  void shouldKillTheMachineWhenTheActorIsGone() {
    run();
    KIT.stop(vm);
    expectCalled("kill");
  }

  @Test
  void shouldReportProgressWhileStoring() {
    run();
    script.hold("stored");
    prepare("s1");
    cut("s1");
    expect(cutMade("s1"));
    assertThat(owner.receiveMessage())
        .isEqualTo(new VmEvent.Progress("vm", 1055, (64L << 20) + 4000));
  }
}
