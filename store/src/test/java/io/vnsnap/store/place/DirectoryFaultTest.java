package io.vnsnap.store.place;

import static io.vnsnap.store.place.PlaceContract.bytes;
import static io.vnsnap.store.place.PlaceContract.names;
import static io.vnsnap.store.place.PlaceContract.read;
import static io.vnsnap.store.place.PlaceContract.store;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vnsnap.store.StoreFullException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Fails every change that an action makes to the disk, one after the other. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class DirectoryFaultTest {
  private static final Random RANDOM = new Random(1);
  private static final String NAME = "snapshots/s1/manifest";
  private static final byte[] EARLIER = bytes(50, 1);
  private static final byte[] LATER = bytes(60, 2);

  /** What may be done to the object {@link #NAME}. */
  enum Action {
    CREATE,
    PUT,
    PUT_OVER,
    DELETE;

    void on(Place place) throws IOException {
      switch (this) {
        case CREATE -> {
          try (Place.Output out = place.create(NAME)) {
            out.write(ByteBuffer.wrap(LATER, 0, 30));
            out.write(ByteBuffer.wrap(LATER, 30, 30));
            out.commit();
          }
        }
        case PUT, PUT_OVER -> place.put(NAME, ByteBuffer.wrap(LATER));
        case DELETE -> place.delete(NAME);
      }
    }

    boolean overEarlier() {
      return this == PUT_OVER || this == DELETE;
    }
  }

  private static Place open(Disk disk) {
    return DirectoryPlace.open(
        disk,
        MemoryDisk.rootPath(),
        0,
        RANDOM::nextLong,
        InstantSource.fixed(Instant.ofEpochMilli(1_000_000)));
  }

  /** A disk with another object, and where the action needs it with the object itself. */
  private static MemoryDisk before(Action action) throws IOException {
    MemoryDisk disk = new MemoryDisk();
    Place place = open(disk);
    store(place, "packs/1", EARLIER);
    if (action.overEarlier()) {
      store(place, NAME, EARLIER);
    }
    return disk;
  }

  private static int changes(Action action) throws IOException {
    FaultDisk counting = new FaultDisk(before(action), 0, FaultDisk.Fault.ERROR);
    action.on(open(counting));
    return counting.changes();
  }

  /** What a reader finds under the name: earlier, later or nothing, and never anything else. */
  private static String found(Place place) throws IOException {
    assertThat(read(place, "packs/1")).isEqualTo(EARLIER);
    byte[] content;
    try {
      content = read(place, NAME);
    } catch (NoSuchFileException e) {
      assertThat(names(place, "")).containsExactly("packs/1");
      return "nothing";
    }
    assertThat(names(place, "")).containsExactly("packs/1", NAME);
    if (Arrays.equals(content, EARLIER)) {
      return "earlier";
    }
    assertThat(content).isEqualTo(LATER);
    return "later";
  }

  /** The action works now, and a sweep leaves no partial file. */
  private static void mustRecover(Action action, MemoryDisk disk) throws IOException {
    Place place = open(disk);
    if (action == Action.CREATE) {
      place.delete(NAME);
    }
    action.on(place);
    assertThat(found(place)).isEqualTo(action == Action.DELETE ? "nothing" : "later");
    long swept = place.sweep(Duration.ZERO);
    assertThat(swept).isBetween(0L, 60L);
    assertThat(disk.files()).hasSize(names(place, "").size());
  }

  @ParameterizedTest
  @EnumSource(Action.class)
  void shouldStayWholeWhateverChangeFails(Action action) throws IOException {
    int changes = changes(action);
    assertThat(changes).isGreaterThanOrEqualTo(action == Action.DELETE ? 4 : 7);
    for (FaultDisk.Fault fault :
        List.of(FaultDisk.Fault.ERROR, FaultDisk.Fault.SHORT_WRITE_THEN_FULL)) {
      for (int n = 1; n <= changes; n++) {
        MemoryDisk disk = before(action);
        FaultDisk failing = new FaultDisk(disk, n, fault);
        Place place = open(failing);
        IOException error = catchThrowableOfType(IOException.class, () -> action.on(place));
        assertThat(failing.hit()).isTrue();
        String found = found(place);
        if (error == null) {
          assertThat(found).as("change %d did no harm", n).isEqualTo("later");
        } else {
          assertThat(error).hasMessageContaining("/snapshots");
          mustHaveFailedCleanly(action, found, error);
        }
        mustRecover(action, disk);
      }
    }
  }

  private static void mustHaveFailedCleanly(Action action, String found, IOException error) {
    switch (action) {
      case CREATE -> assertThat(found).isEqualTo("nothing");
      case PUT -> assertThat(found).isIn("nothing", "later");
      case PUT_OVER -> {
        assertThat(found).isIn("earlier", "later");
        if (found.equals("later")) {
          assertThat(error).hasMessageContaining("may have its old or its new content");
        }
      }
      case DELETE -> assertThat(found).isIn("earlier", "nothing");
    }
  }

  @ParameterizedTest
  @EnumSource(Action.class)
  void shouldStayWholeThroughACrashAtAnyChange(Action action) throws IOException {
    int changes = changes(action);
    for (FaultDisk.Fault fault : List.of(FaultDisk.Fault.CRASH, FaultDisk.Fault.CRASH_AFTERWARDS)) {
      for (int n = 1; n <= changes; n++) {
        for (MemoryDisk.Unsynced unsynced : MemoryDisk.Unsynced.values()) {
          MemoryDisk disk = before(action);
          Place crashed = open(new FaultDisk(disk, n, fault));
          IOException error = catchThrowableOfType(IOException.class, () -> action.on(crashed));
          MemoryDisk after = disk.afterPowerLoss(unsynced);
          String found = found(open(after));
          String done = action == Action.DELETE ? "nothing" : "later";
          String undone = action.overEarlier() ? "earlier" : "nothing";
          assertThat(found).as("change %d", n).isIn(done, undone);
          if (error == null) {
            assertThat(found).as("what was acknowledged stays, change %d", n).isEqualTo(done);
          }
          mustRecover(action, after);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(MemoryDisk.Unsynced.class)
  void shouldKeepWhatWasCommittedWhenPowerIsLost(MemoryDisk.Unsynced unsynced) throws IOException {
    for (Action action : Action.values()) {
      MemoryDisk disk = before(action);
      action.on(open(disk));
      assertThat(found(open(disk.afterPowerLoss(unsynced))))
          .isEqualTo(action == Action.DELETE ? "nothing" : "later");
    }
  }

  @Test
  void shouldSyncAFolderThatAnotherHostHasMadeAndNotSynced() throws IOException {
    MemoryDisk disk = new MemoryDisk();
    disk.makeFolder(MemoryDisk.rootPath().resolve("packs"));
    store(open(disk), "packs/1", EARLIER);
    Place after = open(disk.afterPowerLoss(MemoryDisk.Unsynced.LOST));
    assertThat(read(after, "packs/1")).isEqualTo(EARLIER);
  }

  @Test
  void shouldNeverSyncAFileAgainWhoseSyncHasFailed() throws IOException {
    List<String> failures = new ArrayList<>();
    for (int n = 1; n <= changes(Action.CREATE); n++) {
      FaultDisk failing = new FaultDisk(before(Action.CREATE), n, FaultDisk.Fault.ERROR);
      Place place = open(failing);
      Place.Output out;
      try {
        out = place.create(NAME);
        out.write(ByteBuffer.wrap(LATER));
      } catch (IOException e) {
        continue; // An earlier change is the one that fails.
      }
      try (out) {
        out.commit();
      } catch (IOException e) {
        failures.add(e.getMessage());
        assertThatThrownBy(out::commit)
            .isInstanceOfAny(IllegalStateException.class, IOException.class);
        assertThat(found(place)).isEqualTo("nothing");
      }
    }
    assertThat(failures).anyMatch(message -> message.contains("sync of a file"));
  }

  @Test
  void shouldRefuseToBeginWhenOnlyTheReserveIsFree() throws IOException {
    MemoryDisk disk = new MemoryDisk();
    Place place =
        DirectoryPlace.open(
            disk, MemoryDisk.rootPath(), 5 << 20, RANDOM::nextLong, InstantSource.system());
    disk.setFree(3 << 20);
    assertThat(place.freeBytes()).isZero();
    assertThatThrownBy(() -> place.create("packs/1"))
        .isInstanceOf(StoreFullException.class)
        .hasMessageContaining("/packs/1")
        .hasMessageContaining("3.0 MiB free")
        .hasMessageContaining("5.0 MiB of it kept in reserve")
        .hasMessageContaining("delete snapshots");
    disk.setFree(6 << 20);
    assertThat(place.freeBytes()).isEqualTo(1 << 20);
    assertThatThrownBy(() -> place.put("packs/1", ByteBuffer.allocate(2 << 20)))
        .isInstanceOf(StoreFullException.class)
        .hasMessageContaining("2.0 MiB needed");
    assertThat(disk.files()).isEmpty();
  }

  @Test
  void shouldStopWhenTheDiskFillsWhileWriting() throws IOException {
    MemoryDisk disk = new MemoryDisk();
    Place place =
        DirectoryPlace.open(
            disk, MemoryDisk.rootPath(), 5 << 20, RANDOM::nextLong, InstantSource.system());
    try (Place.Output out = place.create("packs/1")) {
      disk.setFree(4 << 20);
      ByteBuffer eightMegabytes = ByteBuffer.allocate(8 << 20);
      out.write(eightMegabytes);
      assertThatThrownBy(() -> out.write(eightMegabytes.clear()))
          .isInstanceOf(StoreFullException.class)
          .hasMessageContaining("stopped after 16.0 MiB");
      assertThatThrownBy(out::commit).hasMessageContaining("given up");
    }
    assertThat(disk.files()).isEmpty();
  }
}
