package io.vnsnap.vm.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.CapturePlan;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.RoundsSettings;
import io.vnsnap.vm.VmNetwork;
import io.vnsnap.vm.sim.guest.GuestMemory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One life of a machine after the other; after each test nothing is left open. */
@Timeout(60)
class SimulatedMachineTest {
  private static final String TRAFFIC = "sim.program=traffic vnsnap.udp=20 vnsnap.tcp=5000";
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final VirtualLab lab = new VirtualLab(TRAFFIC, 2, 1);

  @AfterEach
  void shouldLeaveNothingOpen() {
    lab.close();
    assertThat(lab.store.open()).isZero();
  }

  private Machine machine(String vm) {
    return Objects.requireNonNull(lab.machines.get(vm));
  }

  private String report(String vm) {
    return lab.now(((SimulatedMachine) machine(vm)).report());
  }

  /** What vm0 reports when it was loaded, and has not run yet. */
  private String restored(String snapshot) {
    lab.now(machine("vm0").kill());
    lab.machines.put("vm0", lab.load("vm0", lab.store.read(snapshot, "vm0")));
    return report("vm0");
  }

  private static void assertFails(CompletionStage<?> stage, String reason) {
    assertThat(stage.toCompletableFuture())
        .isCompletedExceptionally()
        .failsWithin(Duration.ofSeconds(30))
        .withThrowableOfType(java.util.concurrent.ExecutionException.class)
        .havingCause()
        .isInstanceOf(HypervisorException.class)
        .withMessageContaining(reason);
  }

  @Test
  void shouldSayWhatItIs() {
    assertThat(lab.now(lab.hypervisor.describe()).usable()).isTrue();
    lab.boot();
    assertThat(machine("vm0").hypervisor()).isEqualTo("simulated");
    assertThat(machine("vm0").pid()).isEqualTo(4711);
  }

  @Test
  void shouldRunNothingBeforeItIsResumedAndWhilePaused() {
    lab.boot().run(SECOND);
    lab.now(machine("vm0").pause());
    String paused = report("vm0");
    lab.run(SECOND.multipliedBy(2));
    assertThat(report("vm0")).isEqualTo(paused);
    long frames = lab.frames.stream().filter(frame -> frame.contains(" vm0 ")).count();
    lab.now(machine("vm0").resume());
    lab.run(SECOND.multipliedBy(2));
    assertThat(report("vm0"))
        .isNotEqualTo(paused)
        .contains(" lost=0 duplicated=0 reordered=0 ")
        .contains(" memory=ok ");
    assertThat(lab.frames.stream().filter(frame -> frame.contains(" vm0 ")).count())
        .isGreaterThan(frames);
  }

  @Test
  void shouldTellWhenItWasPausedAndResumed() {
    lab.boot().run(SECOND);
    long stopped = lab.now(machine("vm0").pause());
    assertThat(lab.now(machine("vm0").pause())).isEqualTo(stopped);
    lab.run(Duration.ofMillis(7));
    long resumed = lab.now(machine("vm0").resume());
    assertThat(resumed - stopped).isEqualTo(7_000);
    assertThat(lab.now(machine("vm0").resume())).isEqualTo(resumed);
    assertThat(stopped).isGreaterThan(1_000_000_000_000L);
  }

  /** What the gates prevent, this hypervisor must not forgive. */
  @Test
  void shouldHaveNoFrameInAnImageThatCameWhilePaused() {
    lab.boot().run(SECOND);
    lab.settle();
    Capture capture =
        lab.now(
            machine("vm0")
                .prepareCapture(
                    lab.store.writeImage(ImageTarget.of("s1", "vne", "vm0")), VirtualLab.QUIET));
    lab.now(machine("vm0").pause());
    String paused = report("vm0");
    lab.run(SECOND);
    lab.now(capture.start());
    assertThat(report("vm0")).as("what came meanwhile is there at once").isNotEqualTo(paused);
    lab.await(capture.stored());
    lab.run(SECOND);
    assertThat(report("vm0")).contains(" lost=0 ");
    assertThat(restored("s1")).isEqualTo(paused);
  }

  @Test
  void shouldLetTheGuestRunWhileTheImageIsWritten() {
    lab.boot().run(SECOND);
    SimulatedMachine machine = (SimulatedMachine) machine("vm0");
    Capture capture =
        lab.now(
            machine.prepareCapture(
                lab.store.writeImage(ImageTarget.of("s1", "vne", "vm0")), VirtualLab.QUIET));
    lab.now(machine.pause());
    String then = report("vm0");
    var unused = capture.start();
    machine.board().tick();
    assertThat(machine.board().memory().copiedPages()).isPositive();
    lab.await(capture.stored());
    assertThat(capture.bytes()).isPositive();
    assertThat(restored("s1")).isEqualTo(then);
  }

  private CompletionStage<Capture> inRounds(String snapshotId) {
    CapturePlan plan =
        new CapturePlan(CaptureMode.ROUNDS, RoundsSettings.from(ConfigFactory.load()));
    return machine("vm0")
        .prepareCapture(
            plan,
            lab.store.writeImage(ImageTarget.of(snapshotId, "vne", "vm0")),
            VmNetwork.heldBy(VirtualLab.QUIET));
  }

  @Test
  void shouldCaptureInRoundsWhatTheGuestIsAtTheCut() {
    lab.boot().run(SECOND);
    Capture capture = lab.await(inRounds("s1"));
    assertThat(capture.mode()).isEqualTo(CaptureMode.ROUNDS);
    lab.run(SECOND);
    lab.now(machine("vm0").pause());
    String then = report("vm0");
    lab.now(capture.start());
    lab.run(SECOND);
    lab.await(capture.stored());
    assertThat(capture.rounds()).hasSizeGreaterThanOrEqualTo(2);
    assertThat(capture.rounds().getFirst().getPages())
        .isGreaterThanOrEqualTo(capture.rounds().getLast().getPages());
    assertThat(capture.rounds().getLast().getPages()).isPositive();
    assertThat(restored("s1")).isEqualTo(then);
  }

  @Test
  void shouldForgetACaptureInRoundsThatIsCancelled() {
    lab.boot().run(SECOND);
    CompletionStage<Capture> preparing = inRounds("s1");
    Capture capture = lab.await(preparing);
    lab.now(capture.cancel());
    assertFails(capture.start(), "the capture is over");
    lab.settle();
    assertThat(lab.store.holds("s1", "vm0")).isFalse();

    lab.store.limitTo(5000);
    assertFails(awaited(inRounds("s2")), "disk full on test store");
    lab.store.limitTo(Long.MAX_VALUE);
    lab.run(SECOND);
    assertThat(report("vm0")).contains(" tick=2 ");
    lab.snapshot("s3");
    assertThat(lab.store.holds("s3", "vm0")).isTrue();
  }

  private CompletionStage<Capture> awaited(CompletionStage<Capture> stage) {
    lab.settle();
    return stage;
  }

  @Test
  void shouldForgetACaptureThatIsCancelled() {
    lab.boot().run(SECOND);
    Machine machine = machine("vm0");
    Capture prepared =
        lab.now(
            machine.prepareCapture(
                lab.store.writeImage(ImageTarget.of("s1", "vne", "vm0")), VirtualLab.QUIET));
    assertFails(
        machine.prepareCapture(
            lab.store.writeImage(ImageTarget.of("s2", "vne", "vm0")), VirtualLab.QUIET),
        "another capture is in progress");
    lab.now(prepared.cancel());
    assertFails(prepared.start(), "the capture is over");

    Capture started =
        lab.now(
            machine.prepareCapture(
                lab.store.writeImage(ImageTarget.of("s3", "vne", "vm0")), VirtualLab.QUIET));
    lab.now(machine.pause());
    var unused = started.start();
    lab.now(started.cancel());
    lab.settle();
    assertThat(started.stored().toCompletableFuture()).isCompletedExceptionally();
    assertThat(lab.store.holds("s3", "vm0")).isFalse();
    lab.run(SECOND);
    assertThat(report("vm0")).contains(" tick=2 ");

    lab.snapshot("s4");
    assertThat(lab.store.holds("s4", "vm0")).isTrue();
  }

  @Test
  void shouldRunOnWhenTheStoreIsFull() {
    lab.boot().run(SECOND);
    lab.store.limitTo(5000);
    Capture capture =
        lab.now(
            machine("vm0")
                .prepareCapture(
                    lab.store.writeImage(ImageTarget.of("s1", "vne", "vm0")), VirtualLab.QUIET));
    lab.now(machine("vm0").pause());
    lab.now(capture.start());
    lab.settle();
    assertThat(capture.stored().toCompletableFuture())
        .isCompletedExceptionally()
        .failsWithin(Duration.ofSeconds(30))
        .withThrowableThat()
        .withMessageContaining("disk full on test store");
    lab.run(SECOND.multipliedBy(2));
    assertThat(report("vm0")).contains(" tick=3 ");
  }

  @Test
  void shouldNotCaptureWhatDoesNotRun() {
    lab.boot();
    lab.now(machine("vm0").pause());
    assertFails(
        machine("vm0")
            .prepareCapture(
                lab.store.writeImage(ImageTarget.of("s1", "vne", "vm0")), VirtualLab.QUIET),
        "the VM does not run");
  }

  @Test
  void shouldEndWithACaptureInProgress() {
    lab.boot().run(SECOND);
    Capture capture =
        lab.now(
            machine("vm0")
                .prepareCapture(
                    lab.store.writeImage(ImageTarget.of("s1", "vne", "vm0")), VirtualLab.QUIET));
    lab.now(machine("vm0").pause());
    var unused = capture.start();
    lab.now(machine("vm0").kill());
    assertThat(capture.stored().toCompletableFuture()).isCompletedExceptionally();
    assertThat(lab.now(machine("vm0").exited())).isEqualTo("VM vm0 has ended: it was killed");
    lab.now(machine("vm0").shutdown());
    assertFails(machine("vm0").resume(), "it has ended");
  }

  @Test
  void shouldEndWhenItsGuestCrashes() {
    lab.boot().run(SECOND);
    SimulatedMachine machine = (SimulatedMachine) machine("vm0");
    byte[] garbage = new byte[GuestMemory.PAGE];
    new Random(5).nextBytes(garbage);
    machine.board().memory().load(0, garbage);
    lab.run(SECOND);
    assertThat(lab.now(machine.exited())).startsWith("VM vm0 has ended: the guest crashed: ");
    assertFails(machine.pause(), "it has ended");
  }

  @Test
  void shouldServeOneConnectionAtATime() {
    lab.boot().run(SECOND);
    Channel first = Objects.requireNonNull(lab.wires.get("vm0"));
    var unused = first.close();
    lab.settle();
    Channel next = lab.connect(machine("vm0").networkSocket("eth0"));
    lab.run(SECOND);
    assertThat(next.isActive()).isTrue();
  }

  @Test
  void shouldHangUpOnWhoTalksNonsense() {
    lab.boot().run(SECOND);
    Channel wire = Objects.requireNonNull(lab.wires.get("vm0"));
    var unused = wire.writeAndFlush(Unpooled.copyInt(Integer.MAX_VALUE));
    lab.settle();
    assertThat(wire.isActive()).isFalse();
    lab.run(SECOND);
    assertThat(report("vm0")).contains(" memory=ok ");
  }

  @Test
  void shouldIgnoreFramesThatAreNotForIt() {
    lab.boot().run(SECOND);
    Channel wire = Objects.requireNonNull(lab.wires.get("vm0"));
    for (int length : new int[] {0, 13, 14, 60, 1514, 1515, 60_000}) {
      byte[] frame = new byte[length];
      var unused = wire.writeAndFlush(Unpooled.buffer().writeInt(length).writeBytes(frame));
    }
    lab.run(SECOND);
    assertThat(report("vm0")).contains(" lost=0 ").contains(" corrupt=0 ").contains(" dropped=2 ");
  }

  @Test
  void shouldRefuseWhatItCannotRun() {
    MachineSpec good = lab.spec("vm0");
    MachineSpec.Boot boot = new MachineSpec.Boot(null, null, "sim.program=chess");
    assertFails(
        settled(lab.hypervisor.start(with(good, boot, List.of()))),
        "VM vm0 could not be started: sim.program=chess: write traffic, bank or ring");
    List<MachineSpec.Disk> disks =
        List.of(new MachineSpec.Disk("root", Path.of("/root.raw"), "raw", false));
    assertFails(
        settled(lab.hypervisor.start(with(good, good.boot(), disks))),
        "a simulated VM has no disks");
  }

  @Test
  void shouldRefuseTheImageOfAnotherVm() {
    lab.boot().run(SECOND);
    lab.snapshot("s1");
    assertFails(
        settled(lab.hypervisor.load(lab.spec("vm1"), lab.store.read("s1", "vm0"))),
        "the image was captured of a VM with another command line");
    assertFails(
        settled(lab.hypervisor.load(lab.spec("vm0"), lab.store.damagedAt("s1", "vm0", 9000))),
        "image damaged at byte 9000");
  }

  private <T> CompletionStage<T> settled(CompletionStage<T> stage) {
    lab.settle();
    return stage;
  }

  private static MachineSpec with(
      MachineSpec spec, MachineSpec.Boot boot, List<MachineSpec.Disk> disks) {
    return new MachineSpec(
        spec.name(),
        Path.of("/virtual/other"),
        spec.diskFolder(),
        spec.memoryMib(),
        spec.cpus(),
        boot,
        disks,
        spec.vnics());
  }

  @Test
  void shouldThrowForAVnicThatItHasNot() {
    lab.boot();
    assertThatThrownBy(() -> machine("vm0").networkSocket("eth7"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
