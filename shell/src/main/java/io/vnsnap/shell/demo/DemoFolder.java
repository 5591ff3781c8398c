package io.vnsnap.shell.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The demo's private folder: everything it writes is in there. Its name is random and short. */
record DemoFolder(Path path) {

  /** Makes one with mode 0700 in the temporary folder; {@code /tmp} if that has a long path. */
  static DemoFolder create(Path temporary) throws IOException {
    int longest = 40;
    Path parent = temporary.toString().length() <= longest ? temporary : Path.of("/tmp");
    return new DemoFolder(
        Files.createTempDirectory(
                parent,
                "vnsnap-",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")))
            .toAbsolutePath());
  }

  Path log(String node) {
    return path.resolve(node + ".log");
  }

  Path socket(String node) {
    return path.resolve("run").resolve(node + ".sock");
  }

  Path state(String node) {
    return path.resolve(node);
  }

  Path store() {
    return path.resolve("store");
  }

  /** Removes it with everything in it. */
  void delete() throws IOException {
    List<Path> all;
    try (Stream<Path> tree = Files.walk(path)) {
      all = tree.sorted(Comparator.reverseOrder()).toList();
    } catch (NoSuchFileException | UncheckedIOException e) {
      all = List.of(path); // something in it went while we looked; what is left is told below
    }
    for (Path file : all) {
      Files.deleteIfExists(file);
    }
  }
}
