package io.vnsnap.store.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.place.PlaceKind;
import io.vnsnap.store.place.S3Server;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The store on each kind of place. */
class PlacedPageStoreTest {

  @Test
  void shouldOpenAnEncryptedStoreAsItsLocationAndConfigurationSay(@TempDir Path temporary)
      throws IOException {
    String location = temporary.resolve("store").toString();
    Config plain = ConfigFactory.defaultReference(PageStore.class.getClassLoader());
    Config encrypted =
        ConfigFactory.parseString(
                "vnsnap.store.encryption.key-command = [ echo, %s ]".formatted("0f".repeat(32)))
            .withFallback(plain);
    SmallSnapshot snapshot = new SmallSnapshot("s1", 5);
    try (PageStore store = PageStore.open(location, encrypted, "host-a")) {
      snapshot.storeIn(store);
    }
    try (PageStore store = PageStore.open(location, encrypted, "host-b")) {
      snapshot.mustBeIn(store);
    }
    assertThatThrownBy(() -> PageStore.open(location, plain, "host-c"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is encrypted");
  }

  /** Longer than the contract's limit: a request to a server takes longer than memory. */
  @Timeout(value = 300, unit = TimeUnit.SECONDS)
  abstract static class Placed extends SnapshotStoreContract {
    @TempDir private Path temporary;

    private final PlaceKind kind;
    private final String prefix = S3Server.newPrefix();
    private final List<PageStore> opened = new ArrayList<>();

    Placed(PlaceKind kind) {
      this.kind = kind;
    }

    @Override
    SnapshotStore open() throws IOException {
      Place place = openPlace();
      PageStore store = PageStore.open(place, SmallSnapshot.SETTINGS);
      opened.add(store);
      return store;
    }

    private Place openPlace() throws IOException {
      try {
        return kind.open(temporary.resolve("store"), prefix);
      } catch (IOException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IOException(e);
      }
    }

    @AfterEach
    void close() throws IOException {
      for (PageStore store : opened) {
        store.close();
      }
    }

    @Test
    void shouldLeaveNothingUnfinishedAtThePlace() throws IOException {
      SmallSnapshot snapshot = new SmallSnapshot("s2", 5);
      SnapshotStore store = open();
      snapshot.storeIn(store);
      try (Place place = openPlace()) {
        assertThat(place.sweep(Duration.ZERO)).isZero();
        assertThat(place.list("snapshots/s2/")).isNotEmpty();
      }
      snapshot.mustBeIn(store);
    }
  }

  @Nested
  class InADirectory extends Placed {
    InADirectory() {
      super(PlaceKind.DIRECTORY);
    }
  }

  @Nested
  class InAnEncryptedDirectory extends Placed {
    InAnEncryptedDirectory() {
      super(PlaceKind.ENCRYPTED_DIRECTORY);
    }
  }

  @Nested
  class InObjectStorage extends Placed {
    InObjectStorage() {
      super(PlaceKind.OBJECT_STORAGE);
    }
  }

  @Nested
  class InEncryptedObjectStorage extends Placed {
    InEncryptedObjectStorage() {
      super(PlaceKind.ENCRYPTED_OBJECT_STORAGE);
    }
  }
}
