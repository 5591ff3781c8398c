package io.vnsnap.vm.qemu;

import static io.vnsnap.vm.qemu.RunningGuests.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.MemoryStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** One real guest that writes to its memory all the time, captured in many ways, and restored. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(180)
class QemuMachineTest {
  private static final int MEMORY_MIB = 128;
  private static final long MEMORY_PAGES = ((long) MEMORY_MIB << 20) / ImageReader.PAGE_BYTES;

  private final RunningGuests guests = new RunningGuests();
  private final MemoryStore store = new MemoryStore();
  private QemuMachine machine;
  private Console console;

  @BeforeAll
  void bootGuest() throws Exception {
    machine = guests.boot(spec());
    console = new Console(machine.consoleSocket());
    get(machine.resume());
    console.awaitTickBeyond(0);
  }

  @AfterAll
  void endGuest() throws Exception {
    console.close();
    guests.end();
  }

  @AfterEach
  void guestRunsOn() {
    console.awaitTickBeyond(console.lastTick());
    assertThat(console.memoryIntact()).isTrue();
    // What QEMU still writes of a capture that was given up is read first.
    await().untilAsserted(() -> assertThat(store.open()).isZero());
  }

  private MachineSpec spec() throws Exception {
    return GuestKit.writing(guests.newFolder(), MEMORY_MIB, 48, 20);
  }

  @Test
  void shouldNotPauseForACaptureThatIsGivenUpBeforeTheNetworkIsQuiet() throws Exception {
    CompletableFuture<Void> quiet = new CompletableFuture<>();
    AtomicInteger asked = new AtomicInteger();
    Capture capture =
        get(
            machine.prepareCapture(
                store.writeImage(ImageTarget.of("given-up", "vne", "vm")),
                () -> {
                  asked.incrementAndGet();
                  return quiet;
                }));
    assertThat(asked).hasValue(0);

    CompletionStage<Void> cancelled = capture.cancel();
    await().until(() -> asked.get() == 1);
    console.awaitTickBeyond(console.lastTick() + 1);
    assertThat(cancelled.toCompletableFuture()).isNotDone();

    quiet.completeExceptionally(new IllegalStateException("the VM does not take its frames"));
    get(cancelled);
  }

  private Capture prepare(String snapshotId) throws Exception {
    return get(
        machine.prepareCapture(
            store.writeImage(ImageTarget.of(snapshotId, "vne", "vm")), GuestKit.QUIET));
  }

  private ImageWriter.Committed capture(String snapshotId) throws Exception {
    Capture capture = prepare(snapshotId);
    get(machine.pause());
    get(capture.start());
    return get(capture.stored());
  }

  @Test
  void shouldStopAndResumeByQemusOwnClock() throws Exception {
    long stopped = get(machine.pause());
    assertThat(get(machine.pause())).isEqualTo(stopped);
    long resumed = get(machine.resume());
    assertThat(resumed).isGreaterThan(stopped);
    assertThat(get(machine.resume())).isEqualTo(resumed);
  }

  @Test
  void shouldRestoreTheGuestAsItWasAtTheCut() throws Exception {
    Capture capture = prepare("cut");
    get(machine.pause());
    long tickAtCut = console.lastTick();
    get(capture.start());
    ImageWriter.Committed image = get(capture.stored());
    assertThat(image.bytes()).isGreaterThan((long) MEMORY_MIB << 20);
    assertThat(store.pagesKept("cut", "vm"))
        .isBetween((48L << 20) / ImageReader.PAGE_BYTES, MEMORY_PAGES);
    assertThat(capture.bytes()).isEqualTo(image.bytes());

    Machine restored = guests.keep(guests.hypervisor().load(spec(), store.read("cut", "vm")));
    try (Console again = new Console(restored.consoleSocket())) {
      get(restored.resume());
      again.awaitTickBeyond(tickAtCut + 2);
      assertThat(again.firstTick()).isBetween(tickAtCut, tickAtCut + 1);
      assertThat(again.text()).doesNotContain("BOOTED");
      assertThat(again.memoryIntact()).isTrue();
    }
  }

  @Test
  void shouldCaptureSeveralTimesInARow() throws Exception {
    for (String snapshotId : new String[] {"row-1", "row-2", "row-3"}) {
      assertThat(capture(snapshotId).bytes()).isGreaterThan(48L << 20);
      assertThat(store.holds(snapshotId, "vm")).isTrue();
    }
  }

  @Test
  void shouldCaptureAgainAfterCancellingAtEveryStep() throws Exception {
    Capture prepared = prepare("cancelled");
    get(prepared.cancel());

    Capture paused = prepare("cancelled");
    get(machine.pause());
    get(paused.cancel());

    Capture started = prepare("cancelled");
    get(machine.pause());
    CompletionStage<Long> starting = started.start();
    get(started.cancel());
    assertThat(starting.toCompletableFuture()).isDone();

    Capture running = prepare("cancelled");
    get(machine.pause());
    get(running.start());
    get(running.cancel());
    get(running.cancel());
    assertThat(running.stored().toCompletableFuture()).isCompletedExceptionally();
    assertThat(store.holds("cancelled", "vm")).isFalse();

    assertThat(capture("after-cancels").bytes()).isPositive();
  }

  @Test
  void shouldKeepTheGuestRunningWhenTheStoreIsFull() throws Exception {
    store.limitTo(1 << 20);
    try {
      Capture capture = prepare("full");
      get(machine.pause());
      get(capture.start());
      assertThatThrownBy(() -> get(capture.stored())).hasMessageContaining("disk full");
    } finally {
      store.limitTo(Long.MAX_VALUE);
    }
    assertThat(capture("after-full").bytes()).isPositive();
  }

  @Test
  void shouldRefuseASecondCaptureWhileOneIsInProgress() throws Exception {
    Capture first = prepare("first");
    assertThatThrownBy(() -> prepare("second")).hasMessageContaining("in progress");
    get(first.cancel());
  }

  @Test
  void shouldRefuseADamagedImageAndLeaveNothing() throws Exception {
    capture("damaged");
    MachineSpec spec = spec();
    ImageReader image = store.damagedAt("damaged", "vm", 20 << 20);
    assertThatThrownBy(() -> get(guests.hypervisor().load(spec, image)))
        .hasMessageContaining("image damaged at byte");
    assertThat(Files.exists(spec.folder())).isFalse();
  }

  @Test
  void shouldSayHowARestoredGuestsProcessEnded() throws Exception {
    capture("killed");
    MachineSpec spec = spec();
    Machine restored = guests.keep(guests.hypervisor().load(spec, store.read("killed", "vm")));
    Path control = spec.folder().resolve("qmp");
    assertThat(Files.exists(control)).isTrue();
    Capture capture =
        get(
            restored
                .resume()
                .thenCompose(at ->
                    restored.prepareCapture(
                        store.writeImage(ImageTarget.of("lost", "vne", "vm")), GuestKit.QUIET)));
    ProcessHandle.of(restored.pid()).orElseThrow().destroyForcibly();
    assertThat(get(restored.exited())).isEqualTo("QEMU was killed");
    assertThatThrownBy(() -> get(capture.stored())).hasMessageContaining("QEMU was killed");
    assertThatThrownBy(() -> get(restored.pause())).hasMessageContaining("VM vm: pausing");
    get(restored.shutdown());
    assertThat(Files.exists(spec.folder())).isFalse();
    await().untilAsserted(() -> assertThat(store.open()).isZero());
  }

  @Test
  void shouldPutEachVnicsSocketIntoThePrivateFolder() throws Exception {
    assertThat(machine.networkSocket("eth0")).exists();
    assertThat(Files.getPosixFilePermissions(machine.networkSocket("eth0").getParent()))
        .extracting(Enum::name)
        .allMatch(name -> name.startsWith("OWNER"));
    assertThatThrownBy(() -> machine.networkSocket("eth9"))
        .isInstanceOf(IllegalArgumentException.class)
        .isNotInstanceOf(CompletionException.class);
  }
}
