package io.vnsnap.store.place;

import static io.vnsnap.store.place.PlaceContract.bytes;
import static io.vnsnap.store.place.PlaceContract.read;
import static io.vnsnap.store.place.PlaceContract.store;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.store.DamagedSnapshotException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Whatever is done to an encrypted object, its reader gets what was written or an error. */
class EncryptedDamageTest {
  private static final int CHUNK = SealedForm.CHUNK_BYTES;
  private static final int SEALED = CHUNK + SealedForm.TAG_BYTES;
  private static final int HEADER = SealedForm.HEADER_BYTES;
  private static final Path FILE = Path.of("/packs/1");

  private final MemoryDisk disk = new MemoryDisk();
  private final Random random = new Random(1);

  private Place open() throws IOException {
    return EncryptedPlace.open(
        DirectoryPlace.open(
            disk, MemoryDisk.rootPath(), 0, random::nextLong, InstantSource.system()),
        EncryptedPlaceTest.KEY);
  }

  private void mustRefuse(byte[] object, String what) throws IOException {
    disk.setContent(FILE, object);
    Place place = open();
    assertThatThrownBy(() -> read(place, "packs/1"))
        .as(what)
        .isInstanceOf(DamagedSnapshotException.class)
        .hasMessageContaining("damaged object")
        .hasMessageContaining("packs/1");
  }

  @Example
  void shouldRefuseAFlipOfAnyByte() throws IOException {
    store(open(), "packs/1", bytes(300, 1));
    byte[] whole = disk.content(FILE);
    assertThat(whole).hasSize(HEADER + 300 + 16);
    for (int at = 0; at < whole.length; at++) {
      byte[] flipped = whole.clone();
      flipped[at] ^= (byte) (1 << at % 8);
      mustRefuse(flipped, "byte " + at);
    }
  }

  @Example
  void shouldRefuseAFlipInAnyChunk() throws IOException {
    store(open(), "packs/1", bytes(3 * CHUNK + 5, 1));
    byte[] whole = disk.content(FILE);
    for (int at = 0; at < whole.length; at += 4099) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 0x10;
      mustRefuse(flipped, "byte " + at);
    }
  }

  @Example
  void shouldRefuseATruncationAtAnyByte() throws IOException {
    store(open(), "packs/1", bytes(200, 1));
    byte[] whole = disk.content(FILE);
    for (int length = 0; length < whole.length; length++) {
      mustRefuse(Arrays.copyOf(whole, length), "length " + length);
    }
    mustRefuse(Arrays.copyOf(whole, whole.length + 1), "one byte more");
  }

  @Example
  void shouldRefuseATruncationBetweenChunks() throws IOException {
    for (int length : new int[] {3 * CHUNK, 3 * CHUNK + 9}) {
      Place place = open();
      store(place, "packs/1", bytes(length, 1));
      byte[] whole = disk.content(FILE);
      for (int chunks = 0; chunks < 3; chunks++) {
        mustRefuse(Arrays.copyOf(whole, HEADER + chunks * SEALED), chunks + " chunks");
      }
      byte[] twice = Arrays.copyOf(whole, whole.length + SEALED);
      System.arraycopy(whole, HEADER, twice, whole.length, SEALED);
      mustRefuse(twice, "a chunk more");
      place.delete("packs/1");
    }
  }

  @Example
  void shouldRefuseChunksThatHaveChangedPlaces() throws IOException {
    store(open(), "packs/1", bytes(3 * CHUNK, 1));
    byte[] whole = disk.content(FILE);
    for (int one = 0; one < 3; one++) {
      for (int other = one + 1; other < 3; other++) {
        byte[] swapped = whole.clone();
        System.arraycopy(whole, HEADER + one * SEALED, swapped, HEADER + other * SEALED, SEALED);
        System.arraycopy(whole, HEADER + other * SEALED, swapped, HEADER + one * SEALED, SEALED);
        mustRefuse(swapped, one + " and " + other);
      }
    }
  }

  @Example
  void shouldRefuseAnObjectUnderAnothersName() throws IOException {
    Place place = open();
    store(place, "packs/1", bytes(1000, 1));
    store(place, "packs/2", bytes(1000, 2));
    byte[] first = disk.content(FILE);
    byte[] second = disk.content(Path.of("/packs/2"));
    mustRefuse(second, "another object");
    byte[] mixed = second.clone();
    System.arraycopy(first, 0, mixed, 0, HEADER);
    mustRefuse(mixed, "another's chunks");
  }

  @Example
  void shouldRefuseOnlyTheDamagedChunkOfAnObject() throws IOException {
    byte[] content = bytes(4 * CHUNK, 1);
    store(open(), "packs/1", content);
    byte[] object = disk.content(FILE);
    object[HEADER + SEALED + 77] ^= 1;
    disk.setContent(FILE, object);
    try (Place.Input in = open().open("packs/1")) {
      ByteBuffer into = ByteBuffer.allocate(4096);
      in.read(into, 2 * CHUNK + 100);
      assertThat(into.array())
          .isEqualTo(Arrays.copyOfRange(content, 2 * CHUNK + 100, 2 * CHUNK + 4196));
      assertThatThrownBy(() -> in.read(into.clear(), CHUNK + 5000))
          .isInstanceOf(DamagedSnapshotException.class)
          .hasMessageContaining("chunk 1");
      assertThatThrownBy(() -> in.read(into.clear(), CHUNK - 1))
          .isInstanceOf(DamagedSnapshotException.class);
      assertThat(into.position()).as("nothing unchecked is given out").isZero();
    }
  }

  @Property(tries = 300)
  void shouldGiveWhatWasWrittenOrAnError(
      @ForAll @IntRange(max = 3 * CHUNK) int length,
      @ForAll @Size(min = 1, max = 6) int[] edits,
      @ForAll long seed)
      throws IOException {
    byte[] content = bytes(length, seed);
    Place place = open();
    place.delete("packs/1");
    store(place, "packs/1", content);
    byte[] edited = edit(disk.content(FILE), edits, new Random(seed));
    disk.setContent(FILE, edited);
    try {
      assertThat(read(place, "packs/1")).isEqualTo(content);
    } catch (DamagedSnapshotException e) {
      assertThat(e).hasMessageContaining("packs/1");
    }
  }

  /** Flips, cuts, repeats and overwrites. */
  private static byte[] edit(byte[] object, int[] edits, Random random) {
    byte[] edited = object.clone();
    for (int edit : edits) {
      int at = edited.length == 0 ? 0 : Math.floorMod(edit, edited.length);
      switch (Math.floorMod(edit, 5)) {
        case 0 -> edited = Arrays.copyOf(edited, at);
        case 1 -> edited = Arrays.copyOf(edited, edited.length + Math.floorMod(edit, 2 * SEALED));
        case 2 -> {
          byte[] noise = new byte[Math.min(edited.length - at, 40)];
          random.nextBytes(noise);
          System.arraycopy(noise, 0, edited, at, noise.length);
        }
        case 3 -> {
          int length = Math.min(SEALED, edited.length - at);
          System.arraycopy(edited, at, edited, 0, length);
        }
        default -> {
          if (edited.length > 0) {
            edited[at] ^= (byte) (1 << random.nextInt(8));
          }
        }
      }
    }
    return edited;
  }

  @Property(tries = 500)
  void shouldRefuseWhateverIsNoObject(@ForAll @Size(max = 2000) byte[] noise) throws IOException {
    if (disk.kind(FILE) == Disk.Kind.ABSENT) {
      store(open(), "packs/1", new byte[0]);
    }
    mustRefuse(noise, "noise");
  }

  @Property(tries = 200)
  void shouldReadAnyRange(
      @ForAll @IntRange(max = 3 * CHUNK) int length,
      @ForAll @IntRange(max = 3 * CHUNK) int from,
      @ForAll @IntRange(max = 3 * CHUNK) int most)
      throws IOException {
    byte[] content = bytes(length, length);
    Place place = open();
    place.delete("packs/1");
    store(place, "packs/1", content);
    int position = Math.min(from, length);
    ByteBuffer into = ByteBuffer.allocate(Math.min(most, length - position));
    try (Place.Input in = place.open("packs/1")) {
      assertThat(in.bytes()).isEqualTo(length);
      in.read(into, position);
    }
    assertThat(into.array())
        .isEqualTo(Arrays.copyOfRange(content, position, position + into.capacity()));
  }
}
