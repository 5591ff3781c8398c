package io.vnsnap.vm.qemu;

import static io.vnsnap.vm.qemu.RunningGuests.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.RoundRecord;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.CapturePlan;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.MemoryStore;
import io.vnsnap.vm.RoundsSettings;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One real guest that writes to its memory all the time, captured in rounds, and restored. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(240)
class QemuRoundsTest {
  private static final int MEMORY_MIB = 128;
  private static final RoundsSettings SETTINGS = RoundsSettings.from(ConfigFactory.load());
  private static final CapturePlan PLAN = new CapturePlan(CaptureMode.ROUNDS, SETTINGS);

  private final RunningGuests guests = new RunningGuests();
  private final MemoryStore store = new MemoryStore();
  private final ShutOrOpen network = new ShutOrOpen();
  private Machine machine;
  private QemuMachine tracked;
  private Console console;

  @BeforeAll
  void bootGuest() throws Exception {
    machine = guests.boot(spec());
    tracked = (QemuMachine) machine;
    console = new Console(machine.consoleSocket());
    get(machine.resume());
    console.awaitTickBeyond(0);
    network.watch(machine);
  }

  @AfterAll
  void endGuest() throws Exception {
    console.close();
    guests.end();
  }

  /** After each test, whatever it did, the VM runs and its network is open. */
  @AfterEach
  void guestRunsOn() {
    tracked.assumeDirtyTracking(false);
    console.awaitTickBeyond(console.lastTick());
    assertThat(console.memoryIntact()).isTrue();
    assertThat(network.isShut()).isFalse();
    await().untilAsserted(() -> assertThat(store.open()).isZero());
  }

  private MachineSpec spec() throws Exception {
    return GuestKit.writing(guests.newFolder(), MEMORY_MIB, 48, 20);
  }

  private CompletionStage<Capture> preparing(String snapshotId, CapturePlan plan) throws Exception {
    return machine.prepareCapture(
        plan, store.writeImage(ImageTarget.of(snapshotId, "vne", "vm")), network);
  }

  private Capture prepare(String snapshotId) throws Exception {
    return get(preparing(snapshotId, PLAN));
  }

  /** Makes the cut; returns how long the VM was paused, in milliseconds. */
  private double cut(Capture capture) throws Exception {
    get(capture.brace());
    long stopped = get(machine.pause());
    long resumed = get(capture.start());
    return (resumed - stopped) / 1000.0;
  }

  private ImageWriter.Committed capture(String snapshotId, CapturePlan plan) throws Exception {
    Capture capture = get(preparing(snapshotId, plan));
    double pause = cut(capture);
    ImageWriter.Committed image = get(capture.stored());
    System.out.printf(
        "%s: %s, paused %.1f ms: %s%n", snapshotId, plan.mode(), pause, rounds(capture));
    return image;
  }

  private static List<String> rounds(Capture capture) {
    return capture.rounds().stream()
        .map(round -> "%d pages in %d ms".formatted(round.getPages(), round.getDurationUs() / 1000))
        .toList();
  }

  private void assertCapturable() throws Exception {
    assertThat(capture("image", PLAN).bytes()).isPositive();
    assertThat(capture("image", CapturePlan.instant()).bytes()).isPositive();
  }

  @RepeatedTest(3)
  void shouldRestoreTheGuestAsItWasAtTheCut() throws Exception {
    Capture capture = prepare("cut");
    get(capture.brace());
    get(machine.pause());
    long tickAtCut = console.lastTick();
    get(capture.start());
    ImageWriter.Committed image = get(capture.stored());
    assertThat(image.bytes()).isGreaterThan(48L << 20);

    System.out.println("restored after " + rounds(capture));
    Machine restored = guests.keep(guests.hypervisor().load(spec(), store.read("cut", "vm")));
    try (Console again = new Console(restored.consoleSocket())) {
      get(restored.resume());
      again.awaitTickBeyond(tickAtCut + 2);
      assertThat(again.firstTick()).isBetween(tickAtCut, tickAtCut + 1);
      assertThat(again.text()).doesNotContain("BOOTED");
      assertThat(again.memoryIntact()).isTrue();
    }
    get(restored.kill());
  }

  @Test
  void shouldCopyLessFromRoundToRoundAndSaySo() throws Exception {
    Capture capture = prepare("image");
    assertThat(capture.mode()).isEqualTo(CaptureMode.ROUNDS);
    assertThat(capture.rounds()).isEmpty();
    cut(capture);
    get(capture.stored());
    List<RoundRecord> rounds = capture.rounds();
    assertThat(rounds).hasSizeBetween(2, SETTINGS.maxRounds() + 1);
    assertThat(rounds.getFirst().getPages()).isGreaterThan(MEMORY_MIB << 7);
    assertThat(rounds.getFirst().getZeroPages()).isPositive();
    assertThat(rounds.getLast().getPages()).isPositive().isLessThan(MEMORY_MIB << 6);
    assertThat(rounds).allSatisfy(round -> assertThat(round.getDurationUs()).isPositive());
    assertThat(rounds.stream().mapToLong(RoundRecord::getBytes).sum())
        .isLessThanOrEqualTo(capture.bytes());
  }

  @Test
  void shouldNeverStopTheVmOutsideTheCut() throws Exception {
    long before = network.stops();
    for (int i = 0; i < 4; i++) {
      if (i == 2) {
        tracked.assumeDirtyTracking(true);
      }
      Capture capture = prepare("image");
      console.awaitTickBeyond(console.lastTick() + 1);
      assertThat(network.stops()).isEqualTo(before);
      get(capture.cancel());
    }
    assertThat(network.stops()).isEqualTo(before);
    assertCapturable();
  }

  @Test
  void shouldEndNoRoundWhenOnlyOneIsAllowed() throws Exception {
    long shut = network.timesShut();
    RoundsSettings one = SETTINGS.withMaxRounds(1);
    capture("image", new CapturePlan(CaptureMode.ROUNDS, one));
    assertThat(network.timesShut()).isEqualTo(shut);
  }

  @Test
  void shouldCopyAgainWhileItWaitsForTheCut() throws Exception {
    long shut = network.timesShut();
    tracked.assumeDirtyTracking(true);
    RoundsSettings eager =
        new RoundsSettings(
            SETTINGS.staging(),
            1 << 20,
            3,
            SETTINGS.maxTime(),
            SETTINGS.settle(),
            Duration.ofMillis(200),
            2);
    Capture capture = get(preparing("image", new CapturePlan(CaptureMode.ROUNDS, eager)));
    long atBrink = network.timesShut();
    assertThat(atBrink).isGreaterThan(shut);
    await().until(() -> network.timesShut() > atBrink);
    cut(capture);
    get(capture.stored());
    assertThat(capture.rounds()).hasSizeGreaterThan(2);
  }

  @Test
  void shouldRunOnWhenCancelledAtTheBrinkOrPausedOrStarted() throws Exception {
    Capture capture = prepare("cancelled");
    get(capture.cancel());
    get(capture.cancel());

    capture = prepare("cancelled");
    get(capture.brace());
    get(machine.pause());
    get(capture.cancel());
    console.awaitTickBeyond(console.lastTick());

    capture = prepare("cancelled");
    get(capture.brace());
    get(machine.pause());
    CompletionStage<Long> starting = capture.start();
    get(capture.cancel());
    assertThat(starting.toCompletableFuture()).isDone();

    capture = prepare("cancelled");
    cut(capture);
    get(capture.cancel());
    // There was little left to read: it may be stored already, and then is not taken back.
    boolean stored = !capture.stored().toCompletableFuture().isCompletedExceptionally();
    assertThat(store.holds("cancelled", "vm")).isEqualTo(stored);
    assertCapturable();
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 60, 150, 300, 500, 800})
  void shouldRunOnWhenTheStoreFailsDuringTheRounds(int millis) throws Exception {
    CompletionStage<Capture> preparing = preparing("failing", PLAN);
    LockSupport.parkNanos(millis * 1_000_000L + ThreadLocalRandom.current().nextInt(1_000_000));
    store.limitTo(0);
    try {
      Capture capture = get(preparing);
      cut(capture);
      get(capture.stored());
      throw new AssertionError("the store takes nothing");
    } catch (AssertionError e) {
      throw e;
    } catch (Exception e) {
      assertThat(e).hasMessageContaining("disk full");
      if (preparing.toCompletableFuture().isCompletedExceptionally()) {
        assertThat(machine.exited().toCompletableFuture()).isNotDone();
      } else {
        get(get(preparing).cancel());
      }
    } finally {
      store.limitTo(Long.MAX_VALUE);
    }
    assertCapturable();
  }

  @Test
  void shouldRefuseASecondCaptureWhileOneIsInProgress() throws Exception {
    Capture first = prepare("first");
    assertThatThrownBy(() -> prepare("second")).hasMessageContaining("in progress");
    get(first.cancel());
  }

  @Test
  void shouldMeasureHowFastTheGuestWrites() throws Exception {
    assertThat(get(machine.dirtyRate())).isGreaterThan(1L << 20).isLessThan(200L << 20);
    assertThat(get(machine.instantImpossible())).isEmpty();
    assertCapturable();
  }
}
