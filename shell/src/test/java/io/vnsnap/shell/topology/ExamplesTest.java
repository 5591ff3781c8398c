package io.vnsnap.shell.topology;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(30)
class ExamplesTest {
  private static final Path EXAMPLES =
      Path.of(System.getProperty("vnsnap.repository", ".."), "conf", "topologies");

  @ParameterizedTest
  @MethodSource
  void shouldReadEveryExample(Path example, @TempDir Path kit) throws Exception {
    for (String file : List.of("vmlinuz", "initramfs.gz")) {
      Files.writeString(kit.resolve(file), file);
    }
    assertThat(TopologyFile.read(example, Map.of("VNSNAP_GUEST", kit.toString())).getVmsList())
        .isNotEmpty();
  }

  static List<Path> shouldReadEveryExample() throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      return files.filter(f -> f.toString().endsWith(".yaml")).toList();
    }
  }
}
