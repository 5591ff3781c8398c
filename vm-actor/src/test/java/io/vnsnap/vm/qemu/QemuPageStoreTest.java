package io.vnsnap.vm.qemu;

import static io.vnsnap.vm.qemu.RunningGuests.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.proto.ImageRecord;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.pages.PageStore;
import io.vnsnap.store.pages.StoreSettings;
import io.vnsnap.store.place.DirectoryPlace;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real guest into the store of pages, and back. */
@Timeout(180)
class QemuPageStoreTest {
  private static final int MEMORY_MIB = 128;

  private final RunningGuests guests = new RunningGuests();

  @TempDir private Path folder;

  private PageStore store;
  private QemuMachine machine;

  @BeforeEach
  void begin() throws Exception {
    store =
        PageStore.open(
            DirectoryPlace.open(folder.resolve("store")), StoreSettings.defaults("test"));
    machine = guests.boot(spec());
  }

  @AfterEach
  void end() throws Exception {
    guests.end();
    store.close();
  }

  private MachineSpec spec() throws Exception {
    return GuestKit.writing(guests.newFolder(), MEMORY_MIB, 48, 20);
  }

  private ImageRecord capture(String snapshotId) throws Exception {
    Capture capture =
        get(
            machine.prepareCapture(
                store.writeImage(ImageTarget.of(snapshotId, "vne", "vm")), GuestKit.QUIET));
    get(machine.pause());
    get(capture.start());
    ImageWriter.Committed image = get(capture.stored());
    return ImageRecord.newBuilder()
        .setVm("vm")
        .setBytes(image.bytes())
        .setSha256(image.sha256())
        .setObject(image.object())
        .setAddedBytes(image.addedBytes())
        .build();
  }

  @Test
  void shouldGoOnFromTheStoreAndAddOnlyWhatChanged() throws Exception {
    try (Console console = new Console(machine.consoleSocket())) {
      get(machine.resume());
      console.awaitTickBeyond(1);
      ImageRecord first = capture("s1");
      long tick = console.lastTick();
      ImageRecord second = capture("s2");
      assertThat(first.getBytes()).isGreaterThan((long) MEMORY_MIB << 20);
      assertThat(first.getAddedBytes()).isLessThan(first.getBytes());
      assertThat(second.getAddedBytes()).isLessThan(first.getAddedBytes());

      Machine restored =
          guests.keep(guests.hypervisor().load(spec(), store.readImage("s2", second)));
      try (Console again = new Console(restored.consoleSocket())) {
        get(restored.resume());
        again.awaitTickBeyond(tick + 2);
        assertThat(again.text()).doesNotContain("BOOTED");
        assertThat(again.memoryIntact()).isTrue();
      }
      console.awaitTickBeyond(console.lastTick());
      assertThat(console.memoryIntact()).isTrue();
    }
  }

  @Test
  void shouldNotLoadAnImageOfWhichOnePageIsDamaged() throws Exception {
    try (Console console = new Console(machine.consoleSocket())) {
      get(machine.resume());
      console.awaitTickBeyond(0);
      ImageRecord image = capture("s1");
      flipAByteOfAPack();
      MachineSpec spec = spec();
      assertThatThrownBy(() -> get(guests.hypervisor().load(spec, store.readImage("s1", image))))
          .rootCause()
          .isInstanceOf(DamagedSnapshotException.class);
      assertThat(Files.exists(spec.folder())).isFalse();
    }
  }

  private void flipAByteOfAPack() throws Exception {
    List<Path> packs;
    try (Stream<Path> files = Files.walk(folder.resolve("store").resolve("packs"))) {
      packs = files.filter(Files::isRegularFile).toList();
    }
    try (var file =
        Files.newByteChannel(packs.getFirst(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      long at = file.size() / 2;
      ByteBuffer one = ByteBuffer.allocate(1);
      assertThat(file.position(at).read(one)).isEqualTo(1);
      one.put(0, (byte) (one.get(0) ^ 1));
      assertThat(file.position(at).write(one.flip())).isEqualTo(1);
    }
  }
}
