package io.vnsnap.store.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every place must do. Each test has a place of its own. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
public abstract class PlaceContract {
  private static final int WRITERS = 6;

  private final List<Place> opened = new ArrayList<>();

  /** Opens this test's place once more, as another host would. */
  protected abstract Place openAnother() throws Exception;

  /** Length of an object that takes several parts, or chunks, of whatever there is. */
  protected int severalParts() {
    return 12 << 20;
  }

  private Place open() throws Exception {
    Place place = openAnother();
    opened.add(place);
    return place;
  }

  @AfterEach
  void closePlaces() throws IOException {
    for (Place place : opened) {
      place.close();
    }
  }

  /** Bytes that differ at every place and from those of every other seed. */
  public static byte[] bytes(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  public static void store(Place place, String name, byte[] content) throws IOException {
    try (Place.Output out = place.create(name)) {
      out.write(ByteBuffer.wrap(content));
      out.commit();
    }
  }

  public static byte[] read(Place place, String name) throws IOException {
    try (Place.Input in = place.open(name)) {
      ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(in.bytes()));
      in.read(all, 0);
      return all.array();
    }
  }

  public static List<String> names(Place place, String prefix) throws IOException {
    return place.list(prefix).stream().map(Place.Entry::name).toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4095, 65_536, 65_537, 200_000})
  void shouldReadBackWhatWasCommitted(int length) throws Exception {
    Place place = open();
    byte[] content = bytes(length, length);
    store(place, "packs/0123456789abcdef", content);
    assertThat(read(place, "packs/0123456789abcdef")).isEqualTo(content);
    assertThat(read(open(), "packs/0123456789abcdef")).isEqualTo(content);
    assertThat(place.list("packs/"))
        .singleElement()
        .extracting(Place.Entry::bytes)
        .isEqualTo((long) length);
  }

  @Test
  void shouldTakeAndGiveBackAnObjectOfSeveralParts() throws Exception {
    Place place = open();
    byte[] content = bytes(severalParts(), 1);
    try (Place.Output out = place.create("big")) {
      ByteBuffer heap = ByteBuffer.wrap(content);
      ByteBuffer direct = ByteBuffer.allocateDirect(77_777);
      while (heap.hasRemaining()) {
        direct.clear();
        int length = Math.min(direct.remaining(), heap.remaining());
        direct.put(heap.slice(heap.position(), length)).flip();
        heap.position(heap.position() + length);
        out.write(direct);
        assertThat(direct.hasRemaining()).isFalse();
      }
      out.commit();
    }
    assertThat(read(place, "big")).isEqualTo(content);
    try (Place.Input in = place.open("big")) {
      assertThat(in.bytes()).isEqualTo(content.length);
      Random random = new Random(2);
      for (int i = 0; i < 20; i++) {
        mustRead(in, content, random.nextInt(content.length), random.nextInt(150_000));
      }
    }
  }

  private static void mustRead(Place.Input in, byte[] content, int position, int most)
      throws IOException {
    int length = Math.min(most, content.length - position);
    ByteBuffer into = ByteBuffer.allocateDirect(length + 7).position(3).limit(3 + length);
    in.read(into, position);
    assertThat(into.position()).isEqualTo(3 + length);
    into.flip().position(3);
    assertThat(into).isEqualTo(ByteBuffer.wrap(content, position, length));
  }

  @Test
  void shouldShowAnObjectOnlyOnceItIsCommitted() throws Exception {
    Place place = open();
    Place other = open();
    try (Place.Output out = place.create("images/1")) {
      out.write(ByteBuffer.wrap(bytes(severalParts(), 1)));
      assertThat(other.list("")).isEmpty();
      assertThatThrownBy(() -> other.open("images/1")).isInstanceOf(NoSuchFileException.class);
      out.commit();
      assertThat(names(other, "")).containsExactly("images/1");
    }
    assertThat(names(other, "images/")).containsExactly("images/1");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 10, 12 << 20})
  void shouldLeaveNothingWhenClosedWithoutCommit(int length) throws Exception {
    Place place = open();
    try (Place.Output out = place.create("packs/1")) {
      out.write(ByteBuffer.wrap(bytes(length, 1)));
    }
    assertThat(place.list("")).isEmpty();
    assertThatThrownBy(() -> place.open("packs/1")).isInstanceOf(NoSuchFileException.class);
    assertThat(open().sweep(Duration.ZERO)).isZero();
    store(place, "packs/1", bytes(9, 2));
    assertThat(read(place, "packs/1")).isEqualTo(bytes(9, 2));
  }

  @Test
  void shouldRefuseANameThatIsTaken() throws Exception {
    Place place = open();
    store(place, "packs/1", bytes(100, 1));
    for (int length : new int[] {0, 50, severalParts()}) {
      byte[] second = bytes(length, 2);
      assertThatThrownBy(() -> store(place, "packs/1", second))
          .isInstanceOf(FileAlreadyExistsException.class)
          .hasMessageContaining("packs/1");
    }
    assertThat(read(place, "packs/1")).isEqualTo(bytes(100, 1));
    assertThat(names(place, "")).containsExactly("packs/1");
    assertThat(open().sweep(Duration.ZERO)).isZero();
  }

  @Test
  void shouldLetOneOfSeveralWritersHaveAName() throws Exception {
    List<Callable<Boolean>> writers = new ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      Place place = open();
      byte[] content = bytes(1000, i);
      writers.add(() -> {
        try {
          store(place, "snapshots/s1/manifest", content);
          return true;
        } catch (FileAlreadyExistsException e) {
          return false;
        }
      });
    }
    List<Boolean> won = inParallel(writers);
    assertThat(won).containsOnlyOnce(true);
    assertThat(read(open(), "snapshots/s1/manifest")).isEqualTo(bytes(1000, won.indexOf(true)));
  }

  @Test
  void shouldTakeObjectsOfSeveralWritersAtOnce() throws Exception {
    Place shared = open();
    List<Callable<Boolean>> writers = new ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      Place place = i % 2 == 0 ? shared : open();
      int writer = i;
      writers.add(() -> {
        for (int n = 0; n < 4; n++) {
          store(place, "packs/%d-%d".formatted(writer, n), bytes(70_000 * n, 10 * writer + n));
          place.delete("packs/%d-0".formatted(writer));
        }
        return true;
      });
    }
    assertThat(inParallel(writers)).containsOnly(true);
    assertThat(shared.list("packs/")).hasSize(WRITERS * 3);
    for (int writer = 0; writer < WRITERS; writer++) {
      for (int n = 1; n < 4; n++) {
        assertThat(read(shared, "packs/%d-%d".formatted(writer, n)))
            .isEqualTo(bytes(70_000 * n, 10 * writer + n));
      }
    }
  }

  private static List<Boolean> inParallel(List<Callable<Boolean>> tasks) throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(tasks.size())) {
      List<Boolean> results = new ArrayList<>();
      for (Future<Boolean> done : threads.invokeAll(tasks)) {
        results.add(done.get());
      }
      return results;
    }
  }

  @Test
  void shouldReplaceWhatIsPut() throws Exception {
    Place place = open();
    for (int i = 0; i < 3; i++) {
      ByteBuffer content = ByteBuffer.wrap(bytes(1000 + i, i)).position(10);
      place.put("hints/web", content);
      assertThat(content.position()).as("the buffer is left as it was").isEqualTo(10);
      ByteBuffer stored = ByteBuffer.wrap(read(place, "hints/web"));
      assertThat(stored).isEqualTo(content);
    }
    place.put("hints/web", ByteBuffer.allocate(0));
    assertThat(read(open(), "hints/web")).isEmpty();
    assertThat(names(place, "")).containsExactly("hints/web");
  }

  @Test
  void shouldNotMixOldAndNewContentForAReader() throws Exception {
    Place place = open();
    byte[] old = bytes(3 << 20, 1);
    byte[] replacing = bytes(3 << 20, 2);
    place.put("hints/web", ByteBuffer.wrap(old));
    try (Place.Input in = place.open("hints/web")) {
      place.put("hints/web", ByteBuffer.wrap(replacing));
      ByteBuffer all = ByteBuffer.allocate(old.length);
      boolean refused = false;
      try {
        in.read(all, 0);
      } catch (IOException e) {
        refused = true;
        assertThat(e).hasMessageContaining("hints/web");
      }
      assertThat(refused || all.flip().equals(ByteBuffer.wrap(old))).isTrue();
    }
    assertThat(read(place, "hints/web")).isEqualTo(replacing);
  }

  @Test
  void shouldRefuseToPutMoreThanItMay() throws Exception {
    Place place = open();
    ByteBuffer tooMuch = ByteBuffer.allocate(Place.MAX_PUT_BYTES + (1 << 20));
    assertThatIllegalArgumentException().isThrownBy(() -> place.put("hints/web", tooMuch));
    place.put("hints/web", tooMuch.limit(Place.MAX_PUT_BYTES));
    assertThat(place.list(""))
        .singleElement()
        .extracting(Place.Entry::bytes)
        .isEqualTo((long) Place.MAX_PUT_BYTES);
  }

  @Test
  void shouldListByPrefixInTheOrderOfNames() throws Exception {
    Place place = open();
    List<String> stored =
        List.of(
            "format",
            "packs-old/1",
            "packs.d/1",
            "packs/00",
            "packs/0a",
            "packs/a/b/c",
            "snapshots/s1/channels/1.log",
            "snapshots/s1/manifest",
            "snapshots/s2/manifest");
    for (String name : stored.reversed()) {
      store(place, name, bytes(name.length(), 1));
    }
    assertThat(names(place, "")).containsExactlyElementsOf(stored);
    assertThat(names(place, "packs/")).containsExactly("packs/00", "packs/0a", "packs/a/b/c");
    assertThat(names(place, "snapshots/s1/"))
        .containsExactly("snapshots/s1/channels/1.log", "snapshots/s1/manifest");
    assertThat(names(place, "nothing/")).isEmpty();
    assertThat(place.list(""))
        .allSatisfy(entry -> assertThat(entry.bytes()).isEqualTo(entry.name().length()));
  }

  @Test
  void shouldDeleteOnceAndForAll() throws Exception {
    Place place = open();
    store(place, "snapshots/s1/manifest", bytes(100, 1));
    store(place, "snapshots/s2/manifest", bytes(100, 2));
    place.delete("snapshots/s1/manifest");
    place.delete("snapshots/s1/manifest");
    place.delete("never/there");
    assertThat(names(open(), "")).containsExactly("snapshots/s2/manifest");
    assertThatThrownBy(() -> place.open("snapshots/s1/manifest"))
        .isInstanceOf(NoSuchFileException.class);
    store(place, "snapshots/s1/manifest", bytes(100, 3));
    assertThat(read(place, "snapshots/s1/manifest")).isEqualTo(bytes(100, 3));
  }

  @Test
  void shouldSayWhichObjectIsAbsentAndWhere() throws Exception {
    Place place = open();
    store(place, "packs/1", bytes(1, 1));
    for (String absent : List.of("packs/2", "images/1", "packs")) {
      assertThatThrownBy(() -> place.open(absent))
          .isInstanceOf(NoSuchFileException.class)
          .hasMessageContaining(place.describe())
          .hasMessageContaining(absent);
    }
  }

  @Test
  void shouldRefuseToReadBeyondTheEnd() throws Exception {
    Place place = open();
    byte[] content = bytes(100_000, 1);
    store(place, "packs/1", content);
    try (Place.Input in = place.open("packs/1")) {
      mustRead(in, content, 99_990, 10);
      mustRead(in, content, 100_000, 0);
      for (long position : new long[] {99_991, 100_000, 100_001, Long.MAX_VALUE}) {
        assertThatThrownBy(() -> in.read(ByteBuffer.allocate(10), position))
            .isInstanceOf(EOFException.class)
            .hasMessageContaining("packs/1");
      }
      assertThatIllegalArgumentException().isThrownBy(() -> in.read(ByteBuffer.allocate(1), -1));
    }
  }

  @Test
  void shouldBeReadBySeveralThreadsAtOnce() throws Exception {
    Place place = open();
    byte[] content = bytes(1 << 20, 1);
    store(place, "packs/1", content);
    try (Place.Input in = place.open("packs/1")) {
      List<Callable<Boolean>> readers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        Random random = new Random(i);
        readers.add(() -> {
          for (int n = 0; n < 20; n++) {
            mustRead(in, content, random.nextInt(content.length), random.nextInt(100_000));
          }
          return true;
        });
      }
      assertThat(inParallel(readers)).containsOnly(true);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "/packs",
        "packs/",
        "packs//1",
        ".",
        "..",
        "packs/../1",
        "../1",
        ".hidden",
        "-1",
        "Packs",
        "a_b",
        "a b",
        "a\n",
        "a\0",
        "ä",
        "a%2fb",
        "a/b/c/d/e",
        "a.0123456789abcdef.partial",
        "packs.partial/1"
      })
  void shouldRefuseBadNames(String name) throws Exception {
    Place place = open();
    ByteBuffer content = ByteBuffer.allocate(1);
    assertThatIllegalArgumentException().isThrownBy(() -> place.create(name));
    assertThatIllegalArgumentException().isThrownBy(() -> place.put(name, content));
    assertThatIllegalArgumentException().isThrownBy(() -> place.open(name));
    assertThatIllegalArgumentException().isThrownBy(() -> place.delete(name));
    assertThat(place.list("")).isEmpty();
  }

  @Test
  void shouldTakeTheLongestNamesAndNoLonger() throws Exception {
    Place place = open();
    String longest = "a".repeat(100);
    String name = String.join("/", longest, longest, longest, longest);
    store(place, name, bytes(10, 1));
    assertThat(read(place, name)).isEqualTo(bytes(10, 1));
    assertThat(names(place, "")).containsExactly(name);
    assertThatIllegalArgumentException().isThrownBy(() -> place.create(longest + "a"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"packs", "/", "../", "Packs/", "packs//", "a/b/c/d/e/"})
  void shouldRefuseBadPrefixes(String prefix) throws Exception {
    Place place = open();
    assertThatIllegalArgumentException().isThrownBy(() -> place.list(prefix));
  }

  @Test
  void shouldTakeNothingAfterTheEndOfAnObject() throws Exception {
    Place place = open();
    Place.Output out = place.create("packs/1");
    out.write(ByteBuffer.wrap(bytes(10, 1)));
    out.commit();
    assertThatIllegalStateException().isThrownBy(() -> out.write(ByteBuffer.allocate(1)));
    assertThatIllegalStateException().isThrownBy(out::commit);
    out.close();
    out.close();
    assertThat(read(place, "packs/1")).isEqualTo(bytes(10, 1));

    Place.Output closed = place.create("packs/2");
    closed.close();
    assertThatIllegalStateException().isThrownBy(() -> closed.write(ByteBuffer.allocate(1)));
    assertThatIllegalStateException().isThrownBy(closed::commit);
    assertThat(names(place, "")).containsExactly("packs/1");
  }

  @Test
  void shouldSweepWhatWasAbandonedAndNothingElse() throws Exception {
    Place crashed = open();
    Place place = open();
    store(place, "packs/1", bytes(1000, 1));
    Place.Output abandoned = crashed.create("packs/2");
    abandoned.write(ByteBuffer.wrap(bytes(severalParts(), 2)));
    try (Place.Output alive = place.create("packs/3")) {
      byte[] content = bytes(severalParts(), 3);
      alive.write(ByteBuffer.wrap(content));

      assertThat(place.sweep()).as("nothing is old").isZero();
      assertThat(place.sweep(Duration.ZERO)).isBetween(5L << 20, severalParts() + (1L << 20));
      assertThat(place.sweep(Duration.ZERO)).isZero();
      alive.commit();
      assertThat(read(place, "packs/3")).isEqualTo(content);
    }
    assertThatThrownBy(abandoned::commit)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("packs/2");
    abandoned.close();
    assertThat(names(place, "")).containsExactly("packs/1", "packs/3");
    assertThat(read(place, "packs/1")).isEqualTo(bytes(1000, 1));
  }

  @Test
  void shouldSayWhereItIsAndWhatMayBeWritten() throws Exception {
    Place place = open();
    assertThat(place.describe()).isNotBlank();
    assertThat(place.freeBytes()).isPositive();
  }
}
