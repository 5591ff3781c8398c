package io.vnsnap.store.file;

import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.place.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** The file that says that a directory is a store, and of which version. */
final class FormatFile {
  private static final int VERSION = 1;
  private static final String WORD = Layout.FORMAT + " ";
  private static final String CONTENT = WORD + VERSION + "\n";
  private static final int MAX_BYTES = 64;

  private FormatFile() {}

  /** Checks it, or writes it into an empty directory. */
  static void ensure(Area area) throws IOException {
    Path root = area.layout().root();
    if (area.disk().kind(area.layout().format()) == Disk.Kind.ABSENT) {
      List<String> strangers =
          area.disk().names(root).stream().filter(name -> !name.startsWith(Layout.FORMAT)).toList();
      if (!strangers.isEmpty() && area.disk().kind(area.layout().format()) == Disk.Kind.ABSENT) {
        throw new IOException(
            "%s is no snapshot store, and not empty (it has %s). Name another directory"
                .formatted(root, strangers.getFirst()));
      }
      write(area);
    }
    check(area);
    removeLeftOvers(area);
  }

  private static void write(Area area) throws IOException {
    Path file = area.layout().format();
    Path partial =
        file.resolveSibling("%s.%016x.partial".formatted(Layout.FORMAT, area.random().getAsLong()));
    try (Disk.Output out = area.disk().create(partial)) {
      ByteBuffer content = StandardCharsets.US_ASCII.encode(CONTENT);
      while (content.hasRemaining()) {
        if (out.write(content) <= 0) {
          throw new IOException("the file system takes no more bytes");
        }
      }
      out.sync();
    } catch (IOException e) {
      throw area.writing(partial, 0, e);
    }
    try {
      area.disk().move(partial, file);
    } catch (NoSuchFileException e) {
      // Another host was faster, and has cleared this one's away; its file is checked next.
    } catch (IOException e) {
      throw area.writing(file, 0, e);
    }
    area.syncFolder(area.layout().root());
  }

  private static void check(Area area) throws IOException {
    Path file = area.layout().format();
    String content = read(area.disk(), file);
    if (content.equals(CONTENT)) {
      return;
    }
    if (content.matches(WORD + "[0-9]{1,9}\n")) {
      throw new IOException(
          "%s is of version %s, this program knows version %d. Use the program that wrote it"
              .formatted(area.layout().root(), content.substring(WORD.length()).trim(), VERSION));
    }
    throw new DamagedSnapshotException(
        "damaged format file %s: it should say '%s'".formatted(file, CONTENT.trim()));
  }

  private static String read(Disk disk, Path file) throws IOException {
    if (disk.kind(file) != Disk.Kind.FILE) {
      return "";
    }
    try (Disk.Input in = disk.open(file)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(in.bytes(), MAX_BYTES));
      int read = 0;
      while (bytes.hasRemaining() && read >= 0) {
        read = in.read(bytes, bytes.position());
      }
      return StandardCharsets.US_ASCII.decode(bytes.flip()).toString();
    }
  }

  /** What a crash while making the store has left. */
  private static void removeLeftOvers(Area area) throws IOException {
    Disk disk = area.disk();
    for (String name : disk.names(area.layout().root())) {
      if (name.startsWith(Layout.FORMAT + ".") && name.endsWith(".partial")) {
        try {
          disk.remove(area.layout().root().resolve(name));
        } catch (NoSuchFileException e) {
          // Moved or removed by another host: gone, as it should be.
        }
      }
    }
  }
}
