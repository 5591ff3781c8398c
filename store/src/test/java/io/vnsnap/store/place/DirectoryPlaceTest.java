package io.vnsnap.store.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryPlaceTest extends PlaceContract {
  @TempDir private Path temporary;

  @Override
  protected Place openAnother() throws IOException {
    return DirectoryPlace.open(directory());
  }

  private Path directory() {
    return temporary.resolve("new/store");
  }

  @Test
  void shouldKeepFilesPrivate() throws IOException {
    Place place = openAnother();
    store(place, "snapshots/s1/manifest", bytes(10, 1));
    place.put("hints/web", ByteBuffer.allocate(1));
    try (Stream<Path> all = Files.walk(temporary.resolve("new"))) {
      assertThat(all)
          .allSatisfy(path ->
              assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                  .isEqualTo(Files.isDirectory(path) ? "rwx------" : "rw-------"));
    }
  }

  @Test
  void shouldHaveOneFileForEachObjectAndNoEmptyFolders() throws IOException {
    Place place = openAnother();
    store(place, "packs/1", bytes(10, 1));
    store(place, "snapshots/s1/channels/1.log", bytes(10, 1));
    place.delete("snapshots/s1/channels/1.log");
    try (Place.Output out = place.create("images/1")) {
      out.write(ByteBuffer.allocate(1));
    }
    try (Stream<Path> all = Files.walk(directory())) {
      assertThat(all.map(path -> directory().relativize(path).toString()))
          .containsExactlyInAnyOrder("", "packs", "packs/1");
    }
  }

  @Test
  void shouldFollowNoLinkBelowTheRoot() throws IOException {
    Place place = openAnother();
    Path elsewhere = Files.createDirectory(temporary.resolve("elsewhere"));
    Path precious = Files.writeString(elsewhere.resolve("precious"), "keep me");
    store(place, "packs/1", bytes(10, 1));
    Files.createSymbolicLink(directory().resolve("images"), elsewhere);
    Files.createSymbolicLink(directory().resolve("packs/2"), precious);

    String refusal = "symbolic links are not followed";
    assertThatThrownBy(() -> place.open("packs/2")).hasMessageContaining(refusal);
    assertThatThrownBy(() -> place.open("images/precious")).hasMessageContaining(refusal);
    assertThatThrownBy(() -> place.create("images/1")).hasMessageContaining(refusal);
    assertThatThrownBy(() -> place.put("images/1", ByteBuffer.allocate(1)))
        .hasMessageContaining(refusal);
    assertThatThrownBy(() -> place.delete("images/precious")).hasMessageContaining(refusal);
    assertThatThrownBy(() -> place.list("")).hasMessageContaining(refusal);
    assertThatThrownBy(() -> store(place, "packs/2", bytes(1, 1)))
        .isInstanceOf(java.nio.file.FileAlreadyExistsException.class);

    place.delete("packs/2");
    assertThat(precious).hasContent("keep me");
    assertThat(directory().resolve("packs/2")).doesNotExist();
  }

  @Test
  void shouldOpenADirectoryReachedByALink() throws IOException {
    Path real = Files.createDirectory(temporary.resolve("real"));
    Path link = Files.createSymbolicLink(temporary.resolve("link"), real);
    store(DirectoryPlace.open(link), "packs/1", bytes(10, 1));
    assertThat(read(DirectoryPlace.open(real), "packs/1")).isEqualTo(bytes(10, 1));
  }

  @Test
  void shouldSayWhatToDoWhenTheDirectoryCannotBeMade() throws IOException {
    Path file = Files.writeString(temporary.resolve("thesis.tex"), "x");
    assertThatThrownBy(() -> DirectoryPlace.open(file.resolve("store")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("thesis.tex/store")
        .hasMessageContaining("Name a directory");
    assertThatThrownBy(() -> DirectoryPlace.open(file)).isInstanceOf(IOException.class);
    assertThat(file).hasContent("x");
  }

  @Test
  void shouldPassOverFilesThatAreNoObjects() throws IOException {
    Place place = openAnother();
    store(place, "packs/1", bytes(10, 1));
    Files.createDirectory(directory().resolve("lost+found"));
    Files.writeString(directory().resolve("packs/.nfs000001"), "x");
    Files.writeString(directory().resolve("packs/1.0123456789abcdef.partial"), "x");
    assertThat(names(place, "")).containsExactly("packs/1");
  }

  @Test
  void shouldTellWhenAnObjectWasWritten() throws IOException {
    Place place = openAnother();
    long before = System.currentTimeMillis() - 2000;
    store(place, "packs/1", bytes(10, 1));
    assertThat(place.list("").getFirst().modifiedMs())
        .isBetween(before, System.currentTimeMillis() + 2000);
  }

  @Test
  void shouldSweepByTheTimeAPartialFileWasLastWritten() throws IOException {
    Place place = openAnother();
    store(place, "packs/1", bytes(10, 1));
    Path old = Files.writeString(directory().resolve("packs/2.0123456789abcdef.partial"), "12345");
    Path recent = Files.writeString(directory().resolve("packs/3.0123456789abcdef.partial"), "12");
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(25))));
    assertThat(place.sweep()).isEqualTo(5);
    assertThat(old).doesNotExist();
    assertThat(recent).exists();
    assertThat(read(place, "packs/1")).isEqualTo(bytes(10, 1));
  }

  @Test
  void shouldServeOthersWhenAReaderIsInterrupted() throws Exception {
    Place place = openAnother();
    byte[] content = bytes(100_000, 1);
    store(place, "packs/1", content);
    try (Place.Input in = place.open("packs/1")) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> in.read(ByteBuffer.allocate(10), 0))
          .isInstanceOf(ClosedByInterruptException.class);
      assertThat(Thread.interrupted()).isTrue();
      ByteBuffer all = ByteBuffer.allocate(content.length);
      in.read(all, 0);
      assertThat(all.array()).isEqualTo(content);
    }
  }
}
