package io.vnsnap.shell.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The demo's private folder: everything it writes is in there. Its name is random and short. */
record DemoFolder(Path path) {
  private static final int DELETE_ATTEMPTS = 20;

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

  /**
   * Sends there what this JVM logs as that node. Before anything asks for a logger: logging is set
   * up by the first that does.
   */
  void takeLogOf(String node) {
    System.setProperty("vnsnap.log.to", "FILE");
    System.setProperty("vnsnap.log.file", log(node).toString());
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

  /** Removes it with everything in it, also when somebody is still writing into it for a moment. */
  void delete() throws IOException {
    for (int attempt = 1; Files.exists(path); attempt++) {
      try {
        deleteOnce();
      } catch (DirectoryNotEmptyException | NoSuchFileException | UncheckedIOException e) {
        if (attempt == DELETE_ATTEMPTS) {
          throw new IOException("it keeps changing: " + e.getMessage(), e);
        }
      }
    }
  }

  private void deleteOnce() throws IOException {
    List<Path> all;
    try (Stream<Path> tree = Files.walk(path)) {
      all = tree.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : all) {
      Files.deleteIfExists(file);
    }
  }
}
