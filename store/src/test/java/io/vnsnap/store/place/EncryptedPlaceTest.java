package io.vnsnap.store.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.store.DamagedSnapshotException;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class EncryptedPlaceTest extends PlaceContract {
  static final byte[] KEY = bytes(32, 7);
  private static final Random RANDOM = new Random(1);

  private final MemoryDisk disk = new MemoryDisk();

  @Override
  protected Place openAnother() throws IOException {
    return EncryptedPlace.open(plain(), KEY);
  }

  private Place plain() {
    return DirectoryPlace.open(
        disk,
        MemoryDisk.rootPath(),
        DirectoryPlace.RESERVE_BYTES,
        RANDOM::nextLong,
        InstantSource.fixed(Instant.EPOCH));
  }

  @Test
  void shouldStoreNothingThatCanBeReadWithoutTheKey() throws IOException {
    Place place = openAnother();
    String secret = "the guest's secret, many times over. ".repeat(5000);
    byte[] content = secret.getBytes(StandardCharsets.US_ASCII);
    store(place, "packs/1", content);
    place.put("hints/web", ByteBuffer.wrap(content));
    for (Path file : disk.files()) {
      assertThat(new String(disk.content(file), StandardCharsets.ISO_8859_1))
          .doesNotContain("secret");
    }
  }

  @Test
  void shouldEncryptTheSameContentDifferentlyEachTime() throws IOException {
    Place place = openAnother();
    store(place, "packs/1", bytes(1000, 1));
    store(place, "packs/2", bytes(1000, 1));
    place.put("hints/web", ByteBuffer.wrap(bytes(1000, 1)));
    byte[] first = read(plain(), "hints/web");
    place.put("hints/web", ByteBuffer.wrap(bytes(1000, 1)));
    assertThat(read(plain(), "hints/web")).isNotEqualTo(first);
    assertThat(read(plain(), "packs/1")).isNotEqualTo(read(plain(), "packs/2"));
  }

  @Test
  void shouldAddLittleToTheLength() throws IOException {
    Place place = openAnother();
    for (int length : new int[] {0, 1, 65_536, 65_537, 1 << 20}) {
      String name = "packs/" + length;
      store(place, name, bytes(length, 1));
      assertThat(disk.content(Path.of("/" + name)))
          .hasSize(42 + length + 16 * Math.max(1, Math.ceilDiv(length, 65_536)));
    }
  }

  @Test
  void shouldRefuseAnotherKey() throws IOException {
    store(openAnother(), "packs/1", bytes(10, 1));
    AtomicBoolean closed = new AtomicBoolean();
    Place plain = plain();
    assertThatThrownBy(() -> EncryptedPlace.open(closing(plain, closed), bytes(32, 8)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the store at / was encrypted with another key")
        .hasMessageContaining("vnsnap.store.encryption");
    assertThat(closed).isTrue();
    assertThat(read(openAnother(), "packs/1")).isEqualTo(bytes(10, 1));
  }

  private static Place closing(Place place, AtomicBoolean closed) {
    return (Place)
        Proxy.newProxyInstance(
            Place.class.getClassLoader(),
            new Class<?>[] {Place.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("close")) {
                closed.set(true);
              }
              return method.invoke(place, arguments);
            });
  }

  @Test
  void shouldRefuseAStoreThatIsNotEncrypted() throws IOException {
    store(plain(), "packs/1", bytes(10, 1));
    assertThatThrownBy(this::openAnother)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the store at / is not encrypted")
        .hasMessageContaining("Leave vnsnap.store.encryption out");
    assertThat(names(plain(), "")).containsExactly("packs/1");
  }

  @Test
  void shouldNotServeTheObjectThatHoldsTheSalt() throws IOException {
    Place place = openAnother();
    assertThat(names(plain(), "")).containsExactly("vnsnap-key");
    assertThat(place.list("")).isEmpty();
    assertThatThrownBy(() -> place.open("vnsnap-key")).isInstanceOf(NoSuchFileException.class);
    assertThatIllegalArgumentException().isThrownBy(() -> place.create("vnsnap-key"));
    assertThatIllegalArgumentException().isThrownBy(() -> place.delete("vnsnap-key"));
    ByteBuffer content = ByteBuffer.allocate(1);
    assertThatIllegalArgumentException().isThrownBy(() -> place.put("vnsnap-key", content));
  }

  @Test
  void shouldNoticeEveryDamageToTheObjectThatHoldsTheSalt() throws IOException {
    store(openAnother(), "packs/1", bytes(10, 1));
    Path file = Path.of("/vnsnap-key");
    byte[] whole = disk.content(file);
    for (int at = 0; at < whole.length; at++) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 1;
      disk.setContent(file, flipped);
      assertThatThrownBy(this::openAnother)
          .as("byte %d", at)
          .isInstanceOf(IOException.class)
          .hasMessageNotContaining("another key");
      disk.setContent(file, Arrays.copyOf(whole, at));
      assertThatThrownBy(this::openAnother).isInstanceOf(DamagedSnapshotException.class);
    }
    disk.setContent(file, whole);
    assertThat(read(openAnother(), "packs/1")).isEqualTo(bytes(10, 1));
  }

  @Test
  void shouldGiveAKeyForPageIdsThatIsTheStoresOwn() throws IOException {
    byte[] key = openAnother().pageIdKey().orElseThrow().getEncoded();
    assertThat(key).hasSize(32).isNotEqualTo(KEY);
    assertThat(openAnother().pageIdKey().orElseThrow().getEncoded()).isEqualTo(key);
    Place elsewhere =
        EncryptedPlace.open(
            DirectoryPlace.open(
                new MemoryDisk(),
                MemoryDisk.rootPath(),
                0,
                RANDOM::nextLong,
                InstantSource.system()),
            KEY);
    assertThat(elsewhere.pageIdKey().orElseThrow().getEncoded()).isNotEqualTo(key);
    assertThat(plain().pageIdKey()).isEmpty();
  }
}
