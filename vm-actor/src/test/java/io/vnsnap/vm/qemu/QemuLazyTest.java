package io.vnsnap.vm.qemu;

import static io.vnsnap.vm.qemu.RunningGuests.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import io.vnsnap.proto.Loading;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.Arrival;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.MemoryStore;
import io.vnsnap.vm.StartHints;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** A real guest that writes to its memory all the time, restored before its memory is loaded. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(180)
class QemuLazyTest {
  private static final int MEMORY_MIB = 128;
  private static final String BASE = "base";

  private final RunningGuests guests =
      new RunningGuests(
          QemuSettings.from(
              ConfigFactory.parseString("vnsnap.vm.qemu.lazy.capture-wait = 2s")
                  .withFallback(ConfigFactory.load())));
  private final MemoryStore store = new MemoryStore();
  private long tickAtCut;

  private static final class Hint implements StartHints {
    private volatile @Nullable ByteBuffer hint;

    @Override
    public Optional<ByteBuffer> read() {
      return Optional.ofNullable(hint).map(ByteBuffer::duplicate);
    }

    @Override
    public void keep(ByteBuffer kept) {
      hint = kept;
    }
  }

  @BeforeAll
  void captureAGuest() throws Exception {
    QemuMachine machine = guests.boot(spec());
    try (Console console = new Console(machine.consoleSocket())) {
      get(machine.resume());
      console.awaitTickBeyond(1);
      Capture capture = prepare(machine, BASE);
      get(machine.pause());
      tickAtCut = console.lastTick();
      get(capture.start());
      get(capture.stored());
    }
    get(machine.kill());
  }

  @AfterAll
  void endGuests() throws Exception {
    guests.end();
  }

  @AfterEach
  void everythingIsClosed() {
    await().until(() -> store.open() == 0);
  }

  private MachineSpec spec() throws Exception {
    return GuestKit.writing(guests.newFolder(), MEMORY_MIB, 48, 20);
  }

  private Capture prepare(QemuMachine machine, String snapshotId) throws Exception {
    return get(
        machine.prepareCapture(
            store.writeImage(ImageTarget.of(snapshotId, "vne", "vm")), GuestKit.QUIET));
  }

  private QemuMachine load(ImageReader image, Loading loading, StartHints hints) throws Exception {
    return guests.keep(guests.hypervisor().load(spec(), opened(image), loading, hints));
  }

  private static CompletionStage<ImageReader> opened(ImageReader image) {
    return CompletableFuture.completedStage(image);
  }

  private QemuMachine loadLazily(ImageReader image) throws Exception {
    return load(image, Loading.LAZY, StartHints.NONE);
  }

  private static void runsOn(QemuMachine machine, long from) throws Exception {
    try (Console console = new Console(machine.consoleSocket())) {
      get(machine.resume());
      console.awaitTickBeyond(from + 2);
      assertThat(console.firstTick()).isBetween(from, from + 1);
      assertThat(console.text()).doesNotContain("BOOTED");
      assertThat(console.memoryIntact()).isTrue();
    }
  }

  @Test
  void shouldRunBeforeItsMemoryIsThereAndBeCapturedAndRestoredAgain() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    QemuMachine machine = loadLazily(new GatedImage(store.read(BASE, "vm"), gate));
    Arrival arrival = machine.arrival();
    assertThat(arrival.bytes()).isLessThan(arrival.totalBytes() / 2);
    runsOn(machine, tickAtCut);
    assertThat(arrival.bytes()).isLessThan(arrival.totalBytes());
    assertThat(arrival.done().toCompletableFuture()).isNotDone();

    gate.countDown();
    get(arrival.done());
    assertThat(arrival.bytes())
        .isEqualTo(arrival.totalBytes())
        .isGreaterThanOrEqualTo((long) MEMORY_MIB << 20);
    assertThat(arrival.fate()).isEqualTo(Arrival.Fate.WELL);

    long again;
    try (Console console = new Console(machine.consoleSocket())) {
      console.awaitTickBeyond(0);
      Capture capture = prepare(machine, "again");
      get(machine.pause());
      again = console.lastTick();
      get(capture.start());
      ImageWriter.Committed stored = get(capture.stored());
      assertThat(stored.bytes()).isGreaterThan(48L << 20);
      console.awaitTickBeyond(console.lastTick() + 1);
      assertThat(console.memoryIntact()).isTrue();
    }
    QemuMachine full = load(store.read("again", "vm"), Loading.FULL, StartHints.NONE);
    runsOn(full, again);
    QemuMachine lazy = loadLazily(store.read("again", "vm"));
    runsOn(lazy, again);
    get(lazy.arrival().done());
  }

  @Test
  void shouldSendFirstWhatAnEarlierStartNeeded() throws Exception {
    Hint hint = new Hint();
    QemuMachine first = load(store.read(BASE, "vm"), Loading.LAZY, hint);
    runsOn(first, tickAtCut);
    get(first.arrival().done());
    get(first.kill());
    assertThat(hint.read()).isPresent();

    CountDownLatch gate = new CountDownLatch(1);
    QemuMachine second = load(new GatedImage(store.read(BASE, "vm"), gate), Loading.LAZY, hint);
    await().until(() -> second.arrival().bytes() > 1 << 20);
    runsOn(second, tickAtCut);
    gate.countDown();
    get(second.arrival().done());
  }

  @Test
  void shouldLetACaptureWaitForTheMemoryButNotForEver() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    QemuMachine machine = loadLazily(new GatedImage(store.read(BASE, "vm"), gate));
    runsOn(machine, tickAtCut);
    assertThatThrownBy(() -> prepare(machine, "early"))
        .hasMessageContaining("loading its memory, which goes on while it runs")
        .hasMessageContaining("took over PT2S");
    gate.countDown();
    Capture capture = prepare(machine, "early");
    get(capture.cancel());
  }

  @Test
  void shouldEndTheVmWithTheReasonWhenThePlaceOfItsMemoryIsLost() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    GatedImage image = new GatedImage(store.read(BASE, "vm"), gate);
    QemuMachine machine = loadLazily(image);
    image.fail(GatedImage.Fault.UNREACHABLE);
    get(machine.resume());
    gate.countDown();
    assertThat(get(machine.exited()))
        .contains("its memory could not be loaded any further")
        .contains("place /store: Stale file handle")
        .contains("restore the snapshot again");
    assertThat(machine.arrival().fate()).isEqualTo(Arrival.Fate.STORE_FAILED);
    assertThatThrownBy(() -> get(machine.arrival().done()))
        .hasMessageContaining("Stale file handle");
    get(machine.shutdown());
  }

  @Test
  void shouldEndTheVmWithTheReasonWhenItsImageIsDamaged() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    GatedImage image = new GatedImage(store.read(BASE, "vm"), gate);
    QemuMachine machine = loadLazily(image);
    image.fail(GatedImage.Fault.DAMAGED);
    get(machine.resume());
    gate.countDown();
    assertThat(get(machine.exited()))
        .contains("image web-1 does not match its checksum")
        .contains("restore another snapshot");
    assertThat(machine.arrival().fate()).isEqualTo(Arrival.Fate.IMAGE_DAMAGED);
  }

  @Test
  void shouldLeaveNothingWhenTheImageCannotBeOpened() throws Exception {
    MachineSpec spec = spec();
    assertThatThrownBy(() ->
            get(
                guests
                    .hypervisor()
                    .load(
                        spec,
                        CompletableFuture.<ImageReader>failedStage(
                            new IOException("image web-1 is missing")),
                        Loading.LAZY_IF_POSSIBLE,
                        StartHints.NONE)))
        .hasMessageContaining("image web-1 is missing");
    assertThat(Files.exists(spec.folder())).isFalse();
  }

  @Test
  void shouldEndInTheMiddleAndLeaveNothing() throws Exception {
    for (boolean force : new boolean[] {false, true}) {
      CountDownLatch gate = new CountDownLatch(1);
      QemuMachine machine = loadLazily(new GatedImage(store.read(BASE, "vm"), gate));
      get(machine.resume());
      get(force ? machine.kill() : machine.shutdown());
      gate.countDown();
      assertThat(machine.consoleSocket().getParent()).doesNotExist();
      await().until(() -> store.open() == 0);
      assertThat(machine.arrival().done().toCompletableFuture()).isCompletedExceptionally();
    }
  }

  @Test
  void shouldSayWhyItCannotOrLoadInFullWhereThatIsAllowed() throws Exception {
    try (ImageWriter writer = store.writeImage(ImageTarget.of("unpaged", "vne", "vm"))) {
      writer.commit();
    }
    MachineSpec spec = spec();
    assertThatThrownBy(() ->
            get(
                guests
                    .hypervisor()
                    .load(
                        spec, opened(store.read("unpaged", "vm")), Loading.LAZY, StartHints.NONE)))
        .hasMessageContaining("it cannot be loaded lazily: its image is not stored by pages");
    assertThat(Files.exists(spec.folder())).isFalse();
    assertThatThrownBy(
            () -> load(store.read("unpaged", "vm"), Loading.LAZY_IF_POSSIBLE, StartHints.NONE))
        .message()
        .doesNotContain("lazily");
    QemuMachine machine = load(store.read(BASE, "vm"), Loading.LAZY_IF_POSSIBLE, StartHints.NONE);
    assertThat(machine.arrival().totalBytes()).isPositive();
    runsOn(machine, tickAtCut);
  }
}
