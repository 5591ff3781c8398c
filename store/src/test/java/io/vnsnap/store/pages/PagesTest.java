package io.vnsnap.store.pages;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What pages cost and how they are found again. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class PagesTest {
  private static final int PAGE = ImageReader.PAGE_BYTES;

  /** So many wait for later versions at most. */
  private static final int STAGED_PAGES =
      Math.toIntExact(SmallSnapshot.SETTINGS.stagingBytes() / PAGE);

  private final MemoryPlace place = new MemoryPlace();
  private final Random random = new Random(11);
  private PageStore store;

  @BeforeEach
  void openStore() throws IOException {
    store = open();
  }

  private PageStore open() throws IOException {
    return PageStore.open(place, SmallSnapshot.SETTINGS);
  }

  @AfterEach
  void closeStore() throws IOException {
    store.close();
  }

  private byte[] memory(int pages) {
    byte[] memory = new byte[pages * PAGE];
    for (int page = 0; page < pages; page++) {
      byte[] content = new byte[PAGE];
      if (page % 3 != 0) {
        random.nextBytes(content);
        Arrays.fill(content, PAGE / 2, PAGE, (byte) page);
      }
      System.arraycopy(content, 0, memory, page * PAGE, PAGE);
    }
    return memory;
  }

  private ImageRecord store(String id, byte[] memory) throws IOException {
    return new SmallSnapshot(id, 1).storeMemory(store, "vm", memory);
  }

  private void mustBe(ImageRecord image, byte[] memory) throws IOException {
    assertThat(SmallSnapshot.memory(store, "any", image)).isEqualTo(memory);
    assertThat(SmallSnapshot.scanned(store, "any", image)).isEqualTo(memory);
    try (ImageReader reader = store.readImage("any", image)) {
      reader.verify();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 31, 32, 33, 64, 1000, 5000})
  void shouldGiveBackEveryPage(int pages) throws IOException {
    byte[] memory = memory(pages);
    ImageRecord image = store("s1", memory);
    assertThat(image.getBytes()).isEqualTo(memory.length);
    mustBe(image, memory);
    store.close();
    store = open();
    mustBe(image, memory);
  }

  @Test
  void shouldStoreAnUnchangedImageForNextToNothing() throws IOException {
    byte[] memory = memory(4000);
    ImageRecord first = store("s1", memory);
    ImageRecord second = store("s2", memory);
    assertThat(first.getAddedBytes()).isGreaterThan(4000L / 3 * PAGE);
    assertThat(second.getAddedBytes()).isLessThan(1000);
    assertThat(second.getSha256()).isEqualTo(first.getSha256());
    mustBe(second, memory);
  }

  @Test
  void shouldFindPagesOfAnEarlierProcessAndOfAnotherVm() throws IOException {
    byte[] memory = memory(4000);
    ImageRecord first = store("s1", memory);
    store.close();
    store = open();
    ImageRecord second = new SmallSnapshot("s2", 1).storeMemory(store, "other", memory);
    // Its map names every page anew: 40 bytes each.
    assertThat(second.getAddedBytes()).isLessThan(4000 * 45);
    mustBe(first, memory);
    mustBe(second, memory);
  }

  @Test
  void shouldStoreWhatChangedThroughALongChain() throws IOException {
    byte[] memory = memory(3000);
    ImageRecord[] images = new ImageRecord[25];
    byte[][] versions = new byte[images.length][];
    for (int i = 0; i < images.length; i++) {
      for (int change = 0; change < 30; change++) {
        int page = random.nextInt(3000);
        if (change % 5 == 0) {
          Arrays.fill(memory, page * PAGE, (page + 1) * PAGE, (byte) 0);
        } else {
          memory[page * PAGE + random.nextInt(PAGE)] ^= 1;
        }
      }
      versions[i] = memory.clone();
      images[i] = store("s" + i, memory);
    }
    for (int i = 0; i < images.length; i++) {
      mustBe(images[i], versions[i]);
    }
    assertThat(images[5].getAddedBytes()).isLessThan(images[0].getAddedBytes() / 20);
    store.close();
    store = open();
    mustBe(images[24], versions[24]);
  }

  @ParameterizedTest
  @EnumSource(ImageTarget.Staging.class)
  void shouldKeepTheLastVersionOfEachPage(ImageTarget.Staging staging) throws IOException {
    int pages = 600;
    byte[] earlier = memory(pages);
    ImageRecord first = store("s0", earlier);
    byte[] memory = new byte[pages * PAGE];
    ImageRecord image;
    try (ImageWriter writer = store.writeImage(new ImageTarget("s1", "vne", "vm", staging))) {
      int block = writer.block(SmallSnapshot.BLOCK, memory.length);
      for (int i = 0; i < 10_000; i++) {
        int page = random.nextInt(pages);
        switch (random.nextInt(5)) {
          case 0 -> {
            Arrays.fill(memory, page * PAGE, (page + 1) * PAGE, (byte) 0);
            writer.zeroPage(block, page);
          }
          case 1 -> {
            System.arraycopy(earlier, page * PAGE, memory, page * PAGE, PAGE);
            writer.page(block, page, ByteBuffer.wrap(memory, page * PAGE, PAGE));
          }
          default -> {
            memory[page * PAGE + random.nextInt(PAGE)] = (byte) i;
            writer.page(block, page, ByteBuffer.wrap(memory, page * PAGE, PAGE));
          }
        }
      }
      image = SmallSnapshot.record("vm", writer.commit());
    }
    mustBe(image, memory);
    mustBe(first, earlier);
  }

  @Test
  void shouldStageOnlyWhatHasChanged() throws IOException {
    int pages = 8 * STAGED_PAGES;
    int changing = STAGED_PAGES / 2;
    byte[] memory = memory(pages);
    store("s1", memory);
    ImageRecord image;
    try (ImageWriter writer =
        store.writeImage(new ImageTarget("s2", "vne", "vm", ImageTarget.Staging.MEMORY))) {
      int block = writer.block(SmallSnapshot.BLOCK, memory.length);
      for (int page = 0; page < pages; page++) {
        writer.page(block, page, ByteBuffer.wrap(memory, page * PAGE, PAGE));
      }
      byte[] content = new byte[PAGE];
      for (int version = 0; version < 20; version++) {
        for (int page = 0; page < changing; page++) {
          random.nextBytes(content);
          System.arraycopy(content, 0, memory, page * PAGE, PAGE);
          writer.page(block, page, ByteBuffer.wrap(content));
        }
      }
      image = SmallSnapshot.record("vm", writer.commit());
    }
    mustBe(image, memory);
    assertThat(image.getAddedBytes()).isLessThan(2L * changing * PAGE);
  }

  @Test
  void shouldReadPagesOfSeveralBlocksInAnyOrder() throws IOException {
    Map<Long, byte[]> expected = new HashMap<>();
    ImageRecord image;
    byte[] rest = new byte[10_000];
    random.nextBytes(rest);
    try (ImageWriter writer = store.writeImage(ImageTarget.of("s1", "vne", "vm"))) {
      int first = writer.block("a", 100L * PAGE);
      int second = writer.block("b", 5000L * PAGE);
      writer.write(ByteBuffer.wrap(rest, 0, 5000));
      for (int page = 0; page < 100; page++) {
        for (int block : new int[] {first, second}) {
          byte[] content = new byte[PAGE];
          random.nextBytes(content);
          expected.put((long) block << 32 | 49L * page % 100 * (block == 0 ? 1 : 50), content);
          writer.page(block, 49L * page % 100 * (block == 0 ? 1 : 50), ByteBuffer.wrap(content));
        }
      }
      writer.write(ByteBuffer.wrap(rest, 5000, 5000));
      image = SmallSnapshot.record("vm", writer.commit());
    }
    try (ImageReader reader = store.readImage("s1", image)) {
      assertThat(reader.blocks())
          .containsExactly(
              new ImageReader.Block("a", 100L * PAGE), new ImageReader.Block("b", 5000L * PAGE));
      for (Map.Entry<Long, byte[]> page : expected.entrySet()) {
        ByteBuffer content = ByteBuffer.allocate(PAGE);
        reader.read((int) (page.getKey() >>> 32), page.getKey() & 0xffff_ffffL, content);
        assertThat(content.array()).isEqualTo(page.getValue());
      }
      assertThat(reader.isZero(1, 1)).isTrue();
      assertThat(reader.isZero(1, 50)).isFalse();
      reader.verify();
    }
    assertThat(SmallSnapshot.rest(store, "s1", image)).isEqualTo(rest);
  }

  @Test
  void shouldStoreADiskAsAChangeOfItsEarlierImage() throws IOException {
    int block = ImageReader.DISK_BLOCK_BYTES;
    byte[] disk = new byte[40 * block];
    random.nextBytes(disk);
    Arrays.fill(disk, 3 * block, 9 * block, (byte) 0);
    DiskRecord first = storeDisk("s1", disk, Optional.empty());
    byte[] changed = disk.clone();
    random.nextBytes(new byte[1]);
    changed[5 * block + 1] = 1;
    Arrays.fill(changed, 20 * block, 21 * block, (byte) 0);
    DiskRecord second;
    try (ImageWriter writer =
        store.writeDisk(ImageTarget.of("s2", "vne", "vm"), "disk0", Optional.of(first))) {
      int number = writer.block("disk", changed.length);
      writer.page(number, 5, ByteBuffer.wrap(changed, 5 * block, block));
      writer.zeroPage(number, 20);
      second = record(writer.commit());
    }
    assertThat(second.getAddedBytes()).isLessThan(2L * block);
    mustBe(first, disk);
    mustBe(second, changed);
    assertThat(storeDisk("s3", changed, Optional.empty()).getSha256())
        .isEqualTo(second.getSha256());
  }

  private DiskRecord storeDisk(String id, byte[] disk, Optional<DiskRecord> base)
      throws IOException {
    int block = ImageReader.DISK_BLOCK_BYTES;
    try (ImageWriter writer = store.writeDisk(ImageTarget.of(id, "vne", "vm"), "disk0", base)) {
      int number = writer.block("disk", disk.length);
      for (int page = 0; page < disk.length / block; page++) {
        writer.page(number, page, ByteBuffer.wrap(disk, page * block, block));
      }
      return record(writer.commit());
    }
  }

  private static DiskRecord record(ImageWriter.Committed committed) {
    return DiskRecord.newBuilder()
        .setName("disk0")
        .setObject(committed.object())
        .setBytes(committed.bytes())
        .setSha256(committed.sha256())
        .setAddedBytes(committed.addedBytes())
        .build();
  }

  private void mustBe(DiskRecord disk, byte[] content) throws IOException {
    try (ImageReader reader = store.readDisk("any", disk)) {
      ByteBuffer read = ByteBuffer.allocate(content.length);
      for (int page = 0; read.hasRemaining(); page++) {
        reader.read(0, page, read);
      }
      assertThat(read.array()).isEqualTo(content);
      reader.verify();
    }
  }

  @Test
  void shouldKeepHintsOfAnImage() throws IOException {
    ImageRecord image = store("s1", memory(3));
    assertThat(store.hint(image)).isEmpty();
    store.keepHint(image, ByteBuffer.wrap(new byte[] {1, 2, 3}));
    store.keepHint(image, ByteBuffer.wrap(new byte[] {4, 5}));
    assertThat(store.hint(image)).contains(ByteBuffer.wrap(new byte[] {4, 5}));
    place.setContent(image.getObject().replace("images", "hints"), new byte[70]);
    assertThat(store.hint(image)).isEmpty();
  }

  @Test
  void shouldRefuseAStoreOfVersionOne() {
    place.setContent("vnsnap-store", "vnsnap-store 1\n".getBytes(UTF_8));
    assertThatThrownBy(this::open)
        .hasMessageContaining("memory is a store of version 1")
        .hasMessageContaining("Name another place");
  }
}
