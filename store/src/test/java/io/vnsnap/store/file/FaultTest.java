package io.vnsnap.store.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vnsnap.proto.Manifest;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.NoSuchSnapshotException;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.StoreFullException;
import io.vnsnap.store.place.Disk;
import io.vnsnap.store.place.FaultDisk;
import io.vnsnap.store.place.MemoryDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Fails every change a small snapshot makes to the disk, one after the other. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class FaultTest {
  private static final SmallSnapshot EARLIER = new SmallSnapshot("earlier", 1);
  private static final SmallSnapshot FAILED = new SmallSnapshot("failed", 2);

  private static final Random RANDOM = new Random(3);

  private final MemoryDisk disk = new MemoryDisk();

  private static FileStore open(Disk disk) throws IOException {
    return FileStore.open(disk, MemoryDisk.rootPath(), SmallSnapshot.SETTINGS, RANDOM::nextLong);
  }

  private static List<String> sealedIn(FileStore store) throws IOException {
    SnapshotStore.Listing listing = store.list();
    assertThat(listing.damaged()).isEmpty();
    return listing.snapshots().stream().map(Manifest::getSnapshotId).toList();
  }

  private static int changesOf(StoreAction action) throws IOException {
    MemoryDisk fresh = new MemoryDisk();
    EARLIER.storeIn(open(fresh));
    FaultDisk counting = new FaultDisk(fresh, 0, FaultDisk.Fault.ERROR);
    action.on(open(counting));
    return counting.changes();
  }

  private interface StoreAction {
    void on(FileStore store) throws IOException;
  }

  @ParameterizedTest
  @EnumSource(
      value = FaultDisk.Fault.class,
      names = {"ERROR", "SHORT_WRITE_THEN_FULL"})
  void shouldLeaveNoTraceOfASnapshotWhateverChangeFails(FaultDisk.Fault fault) throws IOException {
    int changes = changesOf(FAILED::storeIn);
    assertThat(changes).isGreaterThan(30);
    for (int n = 1; n <= changes; n++) {
      MemoryDisk fresh = new MemoryDisk();
      EARLIER.storeIn(open(fresh));
      FaultDisk failing = new FaultDisk(fresh, n, fault);
      FileStore store = open(failing);
      IOException error = catchThrowableOfType(IOException.class, () -> FAILED.storeIn(store));
      assertThat(error).as("change %d", n).isNotNull();
      assertThat(failing.hit()).isTrue();
      assertThat(error.getMessage()).as("change %d", n).contains("/snapshots");
      assertThat(error.getMessage()).as("change %d", n).contains("again");
      assertThat(sealedIn(store)).as("change %d", n).containsExactly("earlier");
      store.discard("failed");
      assertThat(fresh.names(MemoryDisk.rootPath().resolve("snapshots")))
          .containsExactly("earlier");
      EARLIER.mustBeIn(store);
      FAILED.storeIn(store);
      FAILED.mustBeIn(store);
    }
  }

  @ParameterizedTest
  @EnumSource(MemoryDisk.Unsynced.class)
  void shouldKeepSealedSnapshotsThroughACrashAtAnyChange(MemoryDisk.Unsynced unsynced)
      throws IOException {
    int changes = changesOf(FAILED::storeIn);
    for (FaultDisk.Fault fault : List.of(FaultDisk.Fault.CRASH, FaultDisk.Fault.CRASH_AFTERWARDS)) {
      for (int n = 1; n <= changes; n++) {
        MemoryDisk before = new MemoryDisk();
        EARLIER.storeIn(open(before));
        FaultDisk crashing = new FaultDisk(before, n, fault);
        FileStore crashed = open(crashing);
        assertThatThrownBy(() -> FAILED.storeIn(crashed)).isInstanceOf(IOException.class);

        MemoryDisk after = before.afterPowerLoss(unsynced);
        FileStore store = open(after);
        List<String> sealed = sealedIn(store);
        EARLIER.mustBeIn(store);
        if (sealed.contains("failed")) {
          assertThat(n).as("only after the manifest's rename").isGreaterThanOrEqualTo(changes - 1);
          FAILED.mustBeIn(store);
          store.delete("failed");
        } else {
          store.discard("failed");
        }
        assertThat(sealedIn(store)).containsExactly("earlier");
        assertThat(after.names(MemoryDisk.rootPath().resolve("snapshots")))
            .containsExactly("earlier");
        FAILED.storeIn(store);
        FAILED.mustBeIn(store);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(MemoryDisk.Unsynced.class)
  void shouldKeepWhatWasSealedAndSyncedWhenPowerIsLost(MemoryDisk.Unsynced unsynced)
      throws IOException {
    EARLIER.storeIn(open(disk));
    FileStore store = open(disk.afterPowerLoss(unsynced));
    EARLIER.mustBeIn(store);
    assertThat(sealedIn(store)).containsExactly("earlier");
  }

  @ParameterizedTest
  @EnumSource(FaultDisk.Fault.class)
  void shouldDeleteWholeOrNotAtAllWhateverChangeFails(FaultDisk.Fault fault) throws IOException {
    int changes = changesOf(store -> store.delete("earlier"));
    for (int n = 1; n <= changes; n++) {
      MemoryDisk fresh = new MemoryDisk();
      EARLIER.storeIn(open(fresh));
      FileStore failing = open(new FaultDisk(fresh, n, fault));
      assertThatThrownBy(() -> failing.delete("earlier"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("earlier");
      for (MemoryDisk.Unsynced unsynced : MemoryDisk.Unsynced.values()) {
        FileStore store = open(fresh.afterPowerLoss(unsynced));
        if (sealedIn(store).isEmpty()) {
          store.discard("earlier");
          assertThatThrownBy(() -> store.delete("earlier"))
              .isInstanceOf(NoSuchSnapshotException.class);
        } else {
          EARLIER.mustBeIn(store);
          store.delete("earlier");
        }
        assertThat(sealedIn(store)).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(FaultDisk.Fault.class)
  void shouldBecomeAStoreAfterAFailedFirstOpening(FaultDisk.Fault fault) throws IOException {
    FaultDisk counting = new FaultDisk(new MemoryDisk(), 0, fault);
    FileStore opened = open(counting);
    assertThat(sealedIn(opened)).isEmpty();
    for (int n = 1; n <= counting.changes(); n++) {
      MemoryDisk fresh = new MemoryDisk();
      FaultDisk failing = new FaultDisk(fresh, n, fault);
      assertThatThrownBy(() -> open(failing)).isInstanceOf(IOException.class);
      for (MemoryDisk.Unsynced unsynced : MemoryDisk.Unsynced.values()) {
        FileStore store = open(fresh.afterPowerLoss(unsynced));
        EARLIER.storeIn(store);
        EARLIER.mustBeIn(store);
      }
    }
  }

  @Test
  void shouldRefuseToBeginWhenOnlyTheReserveIsFree() throws IOException {
    FileStore.Settings reserve = new FileStore.Settings(4096, 16384, 5 << 20);
    FileStore store = FileStore.open(disk, MemoryDisk.rootPath(), reserve, RANDOM::nextLong);
    disk.setFree(3 << 20);
    assertThatThrownBy(() -> FAILED.storeFirst(store))
        .isInstanceOf(StoreFullException.class)
        .hasMessageContaining("vm-a.img")
        .hasMessageContaining("3.0 MiB free")
        .hasMessageContaining("5.0 MiB of it kept in reserve")
        .hasMessageContaining("delete snapshots");
  }

  @Test
  void shouldStopWhenTheDiskFillsWhileWriting() throws IOException {
    FileStore.Settings reserve = new FileStore.Settings(1 << 20, 2 << 20, 5 << 20);
    FileStore store = FileStore.open(disk, MemoryDisk.rootPath(), reserve, RANDOM::nextLong);
    try (var writer = store.writeImage(ImageTarget.of("s1", "vne", "vm-a"))) {
      disk.setFree(4 << 20);
      ByteBuffer megabyte = ByteBuffer.allocate(1 << 20);
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 32; i++) {
                  writer.write(megabyte.clear());
                }
                writer.commit();
              })
          .isInstanceOf(StoreFullException.class)
          .hasMessageContaining("stopped after 16.0 MiB");
    }
    assertThat(disk.names(MemoryDisk.rootPath().resolve("snapshots/s1/images"))).isEmpty();
  }
}
