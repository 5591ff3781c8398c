package io.vnsnap.store.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vnsnap.proto.Manifest;
import io.vnsnap.store.NoSuchSnapshotException;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.place.Disk;
import io.vnsnap.store.place.DiskPlaces;
import io.vnsnap.store.place.FaultDisk;
import io.vnsnap.store.place.MemoryDisk;
import io.vnsnap.store.place.Place;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Fails every change that a small snapshot makes to the disk, one after the other. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class StoreFaultTest {
  private static final SmallSnapshot EARLIER = new SmallSnapshot("earlier", 1);
  private static final SmallSnapshot FAILED = new SmallSnapshot("failed", 2);

  private static PageStore open(Disk disk) throws IOException {
    return PageStore.open(DiskPlaces.open(disk), SmallSnapshot.SETTINGS);
  }

  private static List<String> sealedIn(SnapshotStore store) throws IOException {
    SnapshotStore.Listing listing = store.list();
    assertThat(listing.damaged()).isEmpty();
    return listing.snapshots().stream().map(Manifest::getSnapshotId).toList();
  }

  /** A disk with a store that holds one snapshot. */
  private static MemoryDisk withEarlier() throws IOException {
    MemoryDisk disk = new MemoryDisk();
    try (PageStore store = open(disk)) {
      Manifest unused = EARLIER.storeIn(store);
    }
    return disk;
  }

  private interface StoreAction {
    void on(PageStore store) throws IOException;
  }

  private static int changesOf(StoreAction action) throws IOException {
    FaultDisk counting = new FaultDisk(withEarlier(), 0, FaultDisk.Fault.ERROR);
    try (PageStore store = open(counting)) {
      action.on(store);
    }
    return counting.changes();
  }

  @ParameterizedTest
  @EnumSource(
      value = FaultDisk.Fault.class,
      names = {"ERROR", "SHORT_WRITE_THEN_FULL"})
  void shouldLeaveNoTraceOfASnapshotWhateverChangeFails(FaultDisk.Fault fault) throws IOException {
    int changes = changesOf(FAILED::storeIn);
    assertThat(changes).isGreaterThan(50);
    List<Integer> survived = new ArrayList<>();
    for (int n = 1; n <= changes; n++) {
      FaultDisk failing = new FaultDisk(withEarlier(), n, fault);
      try (PageStore store = open(failing)) {
        IOException error = catchThrowableOfType(IOException.class, () -> FAILED.storeIn(store));
        if (error == null) {
          survived.add(n);
          FAILED.mustBeIn(store);
          continue;
        }
        assertThat(failing.hit()).isTrue();
        assertThat(error.getMessage())
            .as("change %d", n)
            .contains(MemoryDisk.rootPath().toString())
            .containsPattern("again|discard|delete|Delete");
        assertThat(sealedIn(store)).as("change %d", n).containsExactly("earlier");
        store.discard("failed");
        EARLIER.mustBeIn(store);
        Manifest unused = FAILED.storeIn(store);
        FAILED.mustBeIn(store);
        EARLIER.mustBeIn(store);
      }
    }
    // The place may fail to tidy up behind itself, and leases end by themselves: no harm.
    assertThat(survived).hasSizeLessThan(changes / 4);
  }

  @ParameterizedTest
  @EnumSource(MemoryDisk.Unsynced.class)
  void shouldKeepSealedSnapshotsThroughACrashAtAnyChange(MemoryDisk.Unsynced unsynced)
      throws IOException {
    int changes = changesOf(FAILED::storeIn);
    for (FaultDisk.Fault fault : List.of(FaultDisk.Fault.CRASH, FaultDisk.Fault.CRASH_AFTERWARDS)) {
      for (int n = 1; n <= changes; n++) {
        MemoryDisk before = withEarlier();
        try (PageStore crashed = open(new FaultDisk(before, n, fault))) {
          var unused = catchThrowableOfType(IOException.class, () -> FAILED.storeIn(crashed));
        }
        try (PageStore store = open(before.afterPowerLoss(unsynced))) {
          EARLIER.mustBeIn(store);
          if (sealedIn(store).contains("failed")) {
            assertThat(n).as("only at the end").isGreaterThan(changes - 15);
            FAILED.mustBeIn(store);
            store.delete("failed");
          } else {
            store.discard("failed");
          }
          assertThat(sealedIn(store)).containsExactly("earlier");
          Manifest unused = FAILED.storeIn(store);
          FAILED.mustBeIn(store);
          EARLIER.mustBeIn(store);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(FaultDisk.Fault.class)
  void shouldDeleteWholeOrNotAtAllWhateverChangeFails(FaultDisk.Fault fault) throws IOException {
    int changes = changesOf(store -> store.delete("earlier"));
    assertThat(changes).isPositive();
    for (int n = 1; n <= changes; n++) {
      MemoryDisk disk = withEarlier();
      try (PageStore failing = open(new FaultDisk(disk, n, fault))) {
        assertThatThrownBy(() -> failing.delete("earlier"))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("earlier");
      }
      for (MemoryDisk.Unsynced unsynced : MemoryDisk.Unsynced.values()) {
        try (PageStore store = open(disk.afterPowerLoss(unsynced))) {
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
  }

  @ParameterizedTest
  @EnumSource(FaultDisk.Fault.class)
  void shouldBecomeAStoreAfterAFailedFirstOpening(FaultDisk.Fault fault) throws IOException {
    FaultDisk counting = new FaultDisk(new MemoryDisk(), 0, fault);
    open(counting).close();
    assertThat(counting.changes()).isPositive();
    for (int n = 1; n <= counting.changes(); n++) {
      MemoryDisk disk = new MemoryDisk();
      Place failing = DiskPlaces.open(new FaultDisk(disk, n, fault));
      assertThatThrownBy(() -> PageStore.open(failing, SmallSnapshot.SETTINGS))
          .isInstanceOf(IOException.class);
      for (MemoryDisk.Unsynced unsynced : MemoryDisk.Unsynced.values()) {
        try (PageStore store = open(disk.afterPowerLoss(unsynced))) {
          Manifest unused = EARLIER.storeIn(store);
          EARLIER.mustBeIn(store);
        }
      }
    }
  }
}
