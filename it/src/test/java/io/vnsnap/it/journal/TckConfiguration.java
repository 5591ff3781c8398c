package io.vnsnap.it.journal;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.vnsnap.coordinator.JournalSchema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The coordinators' own configuration, with its journal in a fresh folder. */
final class TckConfiguration {

  private TckConfiguration() {}

  /** Makes the folder and the tables; the plugins under test become the default ones. */
  static Config inFreshFolder() {
    try {
      Path folder = Files.createTempDirectory("vnsnap-tck");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
      Config config =
          ConfigFactory.load(
              ConfigFactory.parseMap(
                  Map.of(
                      "vnsnap.coordinator.journal.directory",
                      folder.toString(),
                      "akka.persistence.journal.plugin",
                      "vnsnap.coordinator.journal.events",
                      "akka.persistence.snapshot-store.plugin",
                      "vnsnap.coordinator.journal.snapshots")));
      JournalSchema.create(config);
      return config;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path folder) {
    try (Stream<Path> walk = Files.walk(folder)) {
      List<Path> deepestFirst = walk.sorted(Comparator.reverseOrder()).toList();
      for (Path path : deepestFirst) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
