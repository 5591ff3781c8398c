package io.vnsnap.store.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalFileStoreTest extends SnapshotStoreContract {
  @TempDir private Path temporary;

  private final SmallSnapshot snapshot = new SmallSnapshot("s1", 9);

  @Override
  SnapshotStore open() throws IOException {
    return FileStore.open(directory(), SmallSnapshot.SETTINGS);
  }

  private Path directory() {
    return temporary.resolve("new/store");
  }

  @Test
  void shouldKeepFilesPrivate() throws IOException {
    snapshot.storeIn(open());
    try (Stream<Path> all = Files.walk(directory())) {
      for (Path path : all.toList()) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
            .as(path.toString())
            .isEqualTo(Files.isDirectory(path) ? "rwx------" : "rw-------");
      }
    }
  }

  @Test
  void shouldHaveTheFilesThatTheSpecificationNames() throws IOException {
    snapshot.storeIn(open());
    assertThat(Files.readString(directory().resolve("vnsnap-store"))).isEqualTo("vnsnap-store 1\n");
    try (Stream<Path> all = Files.walk(directory())) {
      assertThat(all.filter(Files::isRegularFile).map(file -> directory().relativize(file)))
          .extracting(Path::toString)
          .containsExactlyInAnyOrder(
              "vnsnap-store",
              "snapshots/s1/manifest",
              "snapshots/s1/images/vm-a.img",
              "snapshots/s1/images/vm-b.img",
              "snapshots/s1/channels/2.log");
    }
  }

  @Test
  void shouldFollowNoLinkBelowTheStore() throws IOException {
    SnapshotStore store = open();
    Manifest sealed = snapshot.storeIn(store);
    Path elsewhere = Files.createDirectory(temporary.resolve("elsewhere"));
    Path precious = Files.writeString(elsewhere.resolve("precious"), "keep me");
    Path snapshots = directory().resolve("snapshots");

    Files.createSymbolicLink(snapshots.resolve("s2"), elsewhere);
    assertThatThrownBy(() -> store.writeImage(ImageTarget.of("s2", "vne", "vm")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("symbolic links are not followed");
    assertThat(store.list().damaged()).singleElement().asString().contains("s2");
    store.delete("s2");
    assertThat(precious).hasContent("keep me");

    Path image = snapshots.resolve("s1/images/vm-a.img");
    Files.move(image, elsewhere.resolve("vm-a.img"));
    Files.createSymbolicLink(image, elsewhere.resolve("vm-a.img"));
    ImageRecord record = sealed.getImages(0);
    assertThatThrownBy(() -> store.readImage("s1", record))
        .isInstanceOf(DamagedSnapshotException.class)
        .hasMessageContaining("symbolic links are not followed");
    store.delete("s1");
    assertThat(elsewhere.resolve("vm-a.img")).exists();
  }

  @Test
  void shouldOpenADirectoryReachedByALink() throws IOException {
    Path real = Files.createDirectory(temporary.resolve("real"));
    Path link = Files.createSymbolicLink(temporary.resolve("link"), real);
    SnapshotStore store = FileStore.open(link);
    snapshot.storeIn(store);
    snapshot.mustBeIn(FileStore.open(real));
  }

  @Test
  void shouldNotMakeAStoreOfADirectoryThatHoldsOtherThings() throws IOException {
    Path file = Files.writeString(temporary.resolve("thesis.tex"), "x");
    assertThatThrownBy(() -> FileStore.open(temporary))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("Name another directory");
    assertThat(file).exists();
    assertThat(temporary.resolve("snapshots")).doesNotExist();
  }

  @Test
  void shouldRefuseAnotherVersionAndADamagedFormatFile() throws IOException {
    SnapshotStore store = open();
    assertThat(store.list().snapshots()).isEmpty();
    Path format = directory().resolve("vnsnap-store");
    Files.writeString(format, "vnsnap-store 2\n");
    assertThatThrownBy(this::open)
        .hasMessageContaining("is of version 2, this program knows version 1");
    for (String damaged :
        new String[] {"", "vnsnap-store 1", "vnsnap-store 1\n ", "\0".repeat(15)}) {
      Files.writeString(format, damaged);
      assertThatThrownBy(this::open).isInstanceOf(DamagedSnapshotException.class);
    }
  }
}
