package io.vnsnap.store.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.pages.MemoryPlace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Packs as they are written and read, and damaged at every offset. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class PackTest {
  private static final int PAGE = 4096;

  private final MemoryPlace place = new MemoryPlace();
  private final List<byte[]> pages = new ArrayList<>();
  private final long[] places = new long[40];
  private final PackNames names = new PackNames();
  private long pack;

  @BeforeEach
  void writeAPack() throws IOException {
    Random random = new Random(1);
    Packer packer =
        new Packer(
            place,
            names,
            PageIds.sha256(),
            new Packer.Limits(1 << 20, 1000),
            random::nextLong,
            done -> pack = done.name());
    PageIds.Hasher hasher = PageIds.sha256().hasher();
    GroupBuilder group = new GroupBuilder(packer, 12, 1);
    PackWriter writing = null;
    for (int i = 0; i < places.length; i++) {
      byte[] page = new byte[PAGE];
      Arrays.fill(page, (byte) i);
      if (i % 2 == 0) {
        page[random.nextInt(PAGE)] ^= 1;
      }
      long[] id = new long[PageIds.LONGS];
      hasher.id(page, PAGE, id);
      places[i] = group.nextPlace();
      assertThat(packer.claim(id, places[i])).isEqualTo(places[i]);
      group.add(
          page,
          id,
          new GroupBuilder.Owner() {
            @Override
            public void stored(long bytes) {
              assertThat(bytes).isPositive();
            }

            @Override
            public void failed(IOException cause) {
              throw new AssertionError(cause);
            }
          });
      pages.add(page);
      writing = packer.writing(PagePlace.pack(places[i]));
    }
    group.flush();
    packer.roll();
    if (writing == null) {
      throw new AssertionError("a pack is being written");
    }
    PackWriter unused = writing.durable().join();
    group.close();
    packer.close();
  }

  private static void readAll(MemoryPlace place, long name) throws IOException {
    try (PackReader reader = PackReader.open(place, name, 1);
        PackReader.Decoder decoder = new PackReader.Decoder()) {
      for (int group = 0; group < reader.groups(); group++) {
        byte[] unused = reader.group(group, decoder);
      }
      ByteBuffer unused = reader.ids();
    }
  }

  @Test
  void shouldGiveBackEachPageAndItsId() throws IOException {
    try (PackReader reader = PackReader.open(place, pack, 1);
        PackReader.Decoder decoder = new PackReader.Decoder()) {
      assertThat(reader.pages()).isEqualTo(places.length);
      assertThat(reader.groups()).isEqualTo(2);
      ByteBuffer ids = reader.ids();
      PageIds.Hasher hasher = PageIds.sha256().hasher();
      for (int i = 0; i < places.length; i++) {
        byte[] group = reader.group(PagePlace.group(places[i]), decoder);
        int at = PagePlace.slot(places[i]) * PAGE;
        assertThat(Arrays.copyOfRange(group, at, at + PAGE)).isEqualTo(pages.get(i));
        long[] id = new long[PageIds.LONGS];
        hasher.id(pages.get(i), PAGE, id);
        for (long part : id) {
          assertThat(ids.getLong()).isEqualTo(part);
        }
      }
    }
  }

  private interface Damage {
    byte[] to(byte[] intact, int offset);
  }

  private static byte[] flipped(byte[] intact, int offset) {
    byte[] damaged = intact.clone();
    damaged[offset] ^= (byte) (1 << (offset % 8));
    return damaged;
  }

  private static byte[] cut(byte[] intact, int offset) {
    return Arrays.copyOf(intact, offset);
  }

  private static byte[] extended(byte[] intact, int offset) {
    return Arrays.copyOf(intact, intact.length + offset + 1);
  }

  private static byte[] byteMissing(byte[] intact, int offset) {
    byte[] damaged = Arrays.copyOf(intact, intact.length - 1);
    System.arraycopy(intact, offset + 1, damaged, offset, intact.length - offset - 1);
    return damaged;
  }

  @Test
  void shouldFindDamageAnywhere() throws IOException {
    String name = "packs/%016x".formatted(pack);
    byte[] intact = place.content(name);
    readAll(place, pack);
    for (Damage damage :
        new Damage[] {
          PackTest::flipped, PackTest::cut, PackTest::extended, PackTest::byteMissing
        }) {
      for (int offset = 0; offset < intact.length; offset++) {
        place.setContent(name, damage.to(intact, offset));
        assertThatThrownBy(() -> readAll(place, pack))
            .as("offset %d", offset)
            .isInstanceOf(DamagedSnapshotException.class)
            .hasMessageContaining(name);
      }
    }
  }

  @Test
  void shouldFindAPackUnderAnothersName() {
    place.setContent("packs/00000000000000ab", place.content("packs/%016x".formatted(pack)));
    assertThatThrownBy(() -> readAll(place, 0xab)).isInstanceOf(DamagedSnapshotException.class);
  }

  @Test
  void shouldRefuseIdsOfAnotherScheme() {
    assertThatThrownBy(() -> PackReader.open(place, pack, 2))
        .hasMessageContaining("its page ids are of scheme 1, this store's of 2");
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 65_536})
  void shouldTellPagesApartByTheirNhHash(int length) {
    NhHash nh = new NhHash(new java.security.SecureRandom());
    byte[] content = new byte[length];
    new Random(length).nextBytes(content);
    ByteBuffer page = ByteBuffer.allocateDirect(length).put(content);
    long[] before = new long[NhHash.LONGS];
    nh.hash(page, 0, length, before);
    long[] after = new long[NhHash.LONGS];
    for (int at = 0; at < length; at++) {
      page.put(at, (byte) (content[at] ^ 1));
      nh.hash(page, 0, length, after);
      assertThat(after).as("byte %d", at).isNotEqualTo(before);
      page.put(at, content[at]);
    }
    nh.hash(page, 0, length, after);
    assertThat(after).isEqualTo(before);
    assertThatThrownBy(() -> nh.hash(ByteBuffer.wrap(content), 0, length, after))
        .hasMessageContaining("in the heap");
  }
}
