package io.vnsnap.store.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.proto.Condemned;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.StoreLease;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.lease.Leases;
import io.vnsnap.store.record.ObjectNames;
import io.vnsnap.store.record.RecordKind;
import io.vnsnap.store.record.RecordWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That writers, and what is condemned, keep out of each other's way. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LeaseTest {
  private static final int PAGES = 200;

  private final MemoryPlace place = new MemoryPlace();
  private final Leases leases =
      new Leases(place, "host-b", new Random(2)::nextLong, InstantSource.system());
  private final byte[] memory = new byte[PAGES * ImageReader.PAGE_BYTES];
  private PageStore store;

  @BeforeEach
  void openStore() throws IOException {
    new Random(1).nextBytes(memory);
    store = PageStore.open(place, SmallSnapshot.SETTINGS);
  }

  @AfterEach
  void closeStore() throws IOException {
    store.close();
  }

  private void condemn(String... prefixes) throws IOException {
    Condemned.Builder list = Condemned.newBuilder();
    for (String name : place.names()) {
      ObjectNames.number(ObjectNames.PACKS, name)
          .ifPresent(number -> addIf(List.of(prefixes).contains("packs"), list, number, true));
      ObjectNames.number(ObjectNames.IMAGES, name)
          .ifPresent(number -> addIf(List.of(prefixes).contains("images"), list, number, false));
    }
    RecordWriter.put(
        place,
        RecordKind.CONDEMNED,
        ObjectNames.condemned(7),
        4096,
        1,
        ByteBuffer.wrap(list.build().toByteArray()));
  }

  private static void addIf(boolean wanted, Condemned.Builder list, long number, boolean pack) {
    if (wanted) {
      var unused = pack ? list.addPacks(number) : list.addImages(number);
    }
  }

  private ImageRecord store(String id) throws IOException {
    return new SmallSnapshot(id, 1).storeMemory(store, "vm", memory);
  }

  private void removeCondemnedAndRead(ImageRecord image) throws IOException {
    for (Condemned list : leases.condemned()) {
      list.getPacksList().forEach(pack -> place.delete(ObjectNames.pack(pack)));
      list.getImagesList().forEach(map -> place.delete(ObjectNames.image(map)));
    }
    try (PageStore fresh = PageStore.open(place, SmallSnapshot.SETTINGS)) {
      assertThat(SmallSnapshot.memory(fresh, "any", image)).isEqualTo(memory);
    }
  }

  @Test
  void shouldReferToNoCondemnedPackOfItsOwnHistory() throws IOException {
    ImageRecord first = store("s1");
    condemn("packs");
    ImageRecord second = store("s2");
    assertThat(second.getAddedBytes()).isGreaterThanOrEqualTo(first.getAddedBytes());
    removeCondemnedAndRead(second);
  }

  @Test
  void shouldReferToNoCondemnedPackThatTheIndexKnows() throws IOException {
    ImageRecord first = store("s1");
    condemn("packs");
    store.close();
    store = PageStore.open(place, SmallSnapshot.SETTINGS);
    ImageRecord second = store("s2");
    assertThat(second.getAddedBytes()).isGreaterThanOrEqualTo(first.getAddedBytes());
    removeCondemnedAndRead(second);
  }

  @Test
  void shouldReferToNoPackThatIsGone() throws IOException {
    var unused = store("s1");
    place.names().stream().filter(name -> name.startsWith("packs/")).forEach(place::delete);
    ImageRecord second = store("s2");
    assertThat(SmallSnapshot.memory(store, "any", second)).isEqualTo(memory);
  }

  @Test
  void shouldReferToNoCondemnedMap() throws IOException {
    var unused = store("s1");
    condemn("images");
    ImageRecord second = store("s2");
    assertThat(second.getAddedBytes()).isBetween(PAGES * 40L, PAGES * 45L);
    removeCondemnedAndRead(second);
  }

  @Test
  void shouldNotStoreADiskAsAChangeOfWhatIsCondemned() throws IOException {
    DiskRecord base;
    try (ImageWriter writer =
        store.writeDisk(ImageTarget.of("s1", "vne", "vm"), "root", Optional.empty())) {
      int block = writer.block("disk", ImageReader.DISK_BLOCK_BYTES);
      writer.page(block, 0, ByteBuffer.wrap(memory, 0, ImageReader.DISK_BLOCK_BYTES));
      ImageWriter.Committed committed = writer.commit();
      base =
          DiskRecord.newBuilder()
              .setObject(committed.object())
              .setSha256(committed.sha256())
              .setBytes(committed.bytes())
              .build();
    }
    condemn("images");
    assertThatThrownBy(
            () -> store.writeDisk(ImageTarget.of("s2", "vne", "vm"), "root", Optional.of(base)))
        .hasMessageContaining("that was deleted. Store all of it");
    assertThat(place.names()).noneMatch(name -> name.startsWith("leases/s2"));
  }

  @Test
  void shouldRefuseToReferToAnythingWhenAListIsDamaged() throws IOException {
    place.setContent(ObjectNames.condemned(1), new byte[100]);
    assertThatThrownBy(() -> store("s1")).isInstanceOf(DamagedSnapshotException.class);
    assertThat(place.names()).noneMatch(name -> name.startsWith("leases/"));
  }

  @Test
  void shouldHoldALeaseUntilTheSnapshotIsSealed() throws IOException {
    ImageRecord image;
    try (ImageWriter writer = store.writeImage(ImageTarget.of("s1", "vne", "vm"))) {
      writer.write(ByteBuffer.wrap(memory));
      assertThat(leases.all(ObjectNames.LEASES))
          .singleElement()
          .satisfies(found -> {
            assertThat(found.lease().getState()).isEqualTo(StoreLease.State.OPEN);
            assertThat(found.lease().getHost()).isEqualTo("host-a");
          });
      image = SmallSnapshot.record("vm", writer.commit());
    }
    assertThat(leases.all(ObjectNames.LEASES))
        .singleElement()
        .satisfies(found -> {
          assertThat(found.lease().getState()).isEqualTo(StoreLease.State.COMMITTED);
          assertThat(found.lease().getImage()).isEqualTo(image.getObject());
        });
    store.seal(Manifest.newBuilder().setSnapshotId("s1").addImages(image).build());
    assertThat(leases.all(ObjectNames.LEASES)).isEmpty();
  }

  @Test
  void shouldGiveTheLeaseBackWhenNothingIsCommitted() throws IOException {
    store.writeImage(ImageTarget.of("s1", "vne", "vm")).close();
    assertThat(leases.all(ObjectNames.LEASES)).isEmpty();
  }

  @Test
  void shouldTakeOverFromAWriterThatIsGone() throws IOException {
    try (ImageWriter gone = store.writeImage(ImageTarget.of("s1", "vne", "vm"))) {
      gone.write(ByteBuffer.wrap(memory));
      place.pass(Leases.OPEN_FOR.minus(Duration.ofSeconds(1)));
      assertThatThrownBy(() -> leases.open("s1", "vm")).hasMessageContaining("on host host-a");
      place.pass(Duration.ofSeconds(2));
      var taken = leases.open("s1", "vm");
      assertThat(taken.isHeld()).isTrue();
      assertThatThrownBy(gone::commit).hasMessageContaining("discarded meanwhile");
    }
    assertThat(leases.all(ObjectNames.LEASES)).hasSize(1);
  }

  @Test
  void shouldBeRenewedByAWriterThatLives() throws IOException {
    var lease = leases.open("s1", "vm");
    place.pass(Leases.OPEN_FOR.minus(Duration.ofSeconds(1)));
    lease.renew();
    place.pass(Duration.ofSeconds(10));
    assertThat(leases.all(ObjectNames.LEASES))
        .singleElement()
        .satisfies(found -> {
          assertThat(found.isOver(leases.placeNowMs())).isFalse();
          assertThat(found.lease().getRenewals()).isEqualTo(1);
        });
    lease.close();
    lease.renew();
    assertThat(leases.all(ObjectNames.LEASES)).isEmpty();
    assertThat(place.names()).noneMatch(name -> name.startsWith("clock/"));
  }
}
