package io.vnsnap.host.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Manifest;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.pages.PageStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class FrozenDisksTest {
  @TempDir private Path temp;

  private SnapshotStore store;
  private Path folder;
  private Path first;
  private Path second;
  private Path third;

  @BeforeEach
  void makeThreeOverlays() throws IOException {
    store = PageStore.inDirectory(temp.resolve("store"), "h1");
    folder = temp.toRealPath().resolve("pair-1");
    Path disks = Files.createDirectories(folder.resolve("a"));
    Path base = Files.write(temp.resolve("base"), new byte[512]);
    first = overlay(disks.resolve("first"), base);
    second = overlay(disks.resolve("second"), first);
    third = overlay(disks.resolve("third"), second);
  }

  @Test
  void shouldKeepWhatASealedSnapshotNeedsWithAllThatBacksIt() throws IOException {
    seal(second);

    FrozenDisks.removeUnneeded(folder, store);

    assertThat(first).exists();
    assertThat(second).exists();
    assertThat(third).doesNotExist();
  }

  @Test
  void shouldRemoveEverythingWhenNoSnapshotNeedsIt() {
    FrozenDisks.removeUnneeded(folder, store);

    assertThat(folder).doesNotExist();
  }

  @Test
  void shouldKeepEverythingWhenASnapshotCannotBeRead() throws IOException {
    seal(first);
    Files.write(temp.resolve("store/snapshots/stray"), new byte[1]);

    FrozenDisks.removeUnneeded(folder, store);

    assertThat(third).exists();
  }

  private void seal(Path disk) throws IOException {
    ImageRecord.Builder image = ImageRecord.newBuilder().setVm("a").setHost("h1");
    try (ImageWriter writer = store.writeImage(ImageTarget.of("pair-1", "vne", "a"))) {
      writer.write(ByteBuffer.wrap(new byte[10]));
      ImageWriter.Committed stored = writer.commit();
      image.setObject(stored.object()).setBytes(stored.bytes()).setSha256(stored.sha256());
    }
    image.addDisks(DiskRecord.newBuilder().setName("root").setFile(disk.toString()));
    store.seal(Manifest.newBuilder().setSnapshotId("pair-1").addImages(image).build());
  }

  private static Path overlay(Path file, Path backing) throws IOException {
    byte[] name = backing.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer header = ByteBuffer.allocate(512);
    header.putInt(0x514649fb).putInt(3).putLong(104).putInt(name.length);
    header.position(104).put(name);
    return Files.write(file, header.array());
  }
}
