package io.vnsnap.store.pack;

import com.github.luben.zstd.Zstd;
import io.vnsnap.store.pages.Allocation;
import io.vnsnap.store.pages.MemoryPlace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/** Packs that claim anything, with checksums that are right. */
class PackFuzzTest {
  private static final long PACK = 0xab;
  private static final String NAME = "packs/00000000000000ab";
  private static final int MOST_BYTES = 4 << 20;
  private static final PackReader.Decoder DECODER = new PackReader.Decoder();

  private final MemoryPlace place = new MemoryPlace();

  @Property(tries = 250_000, shrinking = ShrinkingMode.OFF)
  void shouldReadOrRefuseAnyPack(@ForAll long seed) throws IOException {
    place.setContent(NAME, pack(new Random(seed)));
    Allocation.mustRefuseOrRead(NAME, MOST_BYTES, this::readAll);
  }

  private void readAll() throws IOException {
    try (PackReader reader = PackReader.open(place, PACK, 1)) {
      for (int group = 0; group < Math.min(reader.groups(), 10); group++) {
        if (reader.pages(group) > 0) {
          byte[] unused = reader.group(group, DECODER);
        }
      }
      ByteBuffer unused = reader.ids();
    }
  }

  private static byte[] pack(Random random) {
    ByteBuffer out = ByteBuffer.allocate(64 << 10);
    out.put(PackLayout.header(PACK, 1));
    int groups = random.nextInt(4);
    ByteBuffer directory = ByteBuffer.allocate(groups * PackLayout.DIRECTORY_ENTRY_BYTES);
    int pages = 0;
    for (int number = 0; number < groups; number++) {
      int shift = random.nextInt(10) == 0 ? any(random, 20) : 12;
      int count = 1 + random.nextInt(2);
      ByteBuffer group = group(random, number, shift, count);
      int claimed = random.nextInt(20) == 0 ? any(random, 300) : count;
      pages += claimed;
      directory.putInt(random.nextInt(20) == 0 ? any(random, 9000) : out.position());
      directory.putInt(random.nextInt(20) == 0 ? any(random, 9000) : group.remaining());
      directory.putShort((short) claimed).putShort((short) (shift << 8));
      out.put(group);
    }
    int idsOffset = random.nextInt(20) == 0 ? any(random, out.position()) : out.position();
    ByteBuffer ids = ByteBuffer.allocate(Math.clamp(pages, 0, 300) * PageIds.BYTES);
    out.put(ids);
    out.put(directory.flip());
    var trailer =
        new PackLayout.Trailer(
            random.nextInt(20) == 0 ? any(random, 10) : groups,
            random.nextInt(20) == 0 ? any(random, 10) : pages,
            idsOffset,
            PackLayout.crc(PACK, ids.rewind()),
            PackLayout.crc(PACK, directory.rewind()));
    out.put(trailer.encode(PACK));
    byte[] pack = new byte[out.position()];
    out.flip().get(pack);
    if (random.nextInt(4) == 0) {
      pack[random.nextInt(pack.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return pack;
  }

  private static ByteBuffer group(Random random, int number, int shift, int pages) {
    int raw = Math.min(pages << Math.clamp(shift, 0, 13), 16 << 10);
    byte[] content = new byte[raw];
    content[random.nextInt(raw)] = 1;
    boolean plain = random.nextInt(3) == 0;
    byte[] stored = plain ? content : Zstd.compress(content, 1);
    if (random.nextInt(4) == 0) {
      stored[random.nextInt(stored.length)] ^= (byte) (1 << random.nextInt(8));
    }
    ByteBuffer group = ByteBuffer.allocate(PackLayout.GROUP_HEADER_BYTES + stored.length);
    group.put(PackLayout.GROUP_HEADER_BYTES, stored);
    new PackLayout.GroupHeader(
            random.nextInt(20) == 0 ? any(random, 4) : plain ? 0 : 1,
            shift,
            pages,
            random.nextInt(20) == 0 ? any(random, 9000) : stored.length,
            random.nextInt(20) == 0 ? any(random, 1 << 20) : pages << shift)
        .encode(PACK, number, group);
    return group;
  }

  private static int any(Random random, int usual) {
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt();
      case 1 -> -1 - random.nextInt(3);
      case 2 -> Integer.MAX_VALUE - random.nextInt(3);
      default -> random.nextInt(usual + 1);
    };
  }
}
