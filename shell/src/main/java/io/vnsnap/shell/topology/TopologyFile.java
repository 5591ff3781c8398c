package io.vnsnap.shell.topology;

import io.vnsnap.proto.Topology;
import io.vnsnap.proto.topology.TopologyRules;
import io.vnsnap.proto.topology.Violation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Topology files; the format is described in {@code conf/topology.md}. */
public final class TopologyFile {
  /** Longest file, bytes. */
  public static final int MAX_BYTES = 1024 * 1024;

  private TopologyFile() {}

  /**
   * Reads a file and checks everything that can be checked here. Blocks.
   *
   * @param environment for {@code ${NAME}} in paths
   * @throws TopologyFileException with everything that is wrong, if anything is
   */
  public static Topology read(Path file, Map<String, String> environment)
      throws TopologyFileException {
    Problems problems = new Problems(file.toString());
    Topology topology = read(file, environment, problems);
    if (topology == null || problems.count() > 0) {
      throw new TopologyFileException(problems.lines());
    }
    return topology;
  }

  private static @Nullable Topology read(
      Path file, Map<String, String> environment, Problems problems) {
    String text = text(file, problems);
    if (text == null) {
      return null;
    }
    YamlNode root;
    try {
      root = YamlDocument.read(text, problems);
    } catch (YamlDocument.NotReadable e) {
      problems.add(e.line(), String.valueOf(e.getMessage()));
      return null;
    }
    Path folder = file.toAbsolutePath().normalize().getParent();
    FileReferences files =
        new FileReferences(folder == null ? Path.of("/") : folder, environment, problems);
    TopologyReader reader = new TopologyReader(files, problems);
    Topology topology = reader.read(root);
    if (topology == null) {
      return null;
    }
    for (Violation v : TopologyRules.check(topology)) {
      problems.add(
          v.line(),
          "%s \"%s\": %s; %s".formatted(v.kind().word(), v.name(), v.message(), v.advice()));
    }
    return topology;
  }

  private static @Nullable String text(Path file, Problems problems) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        problems.add(0, "longer than %d bytes; a topology is shorter".formatted(MAX_BYTES));
        return null;
      }
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      problems.add(0, "not text in UTF-8; save it as such");
    } catch (IOException e) {
      problems.add(
          0,
          Files.exists(file)
              ? "cannot be read: " + e.getMessage()
              : "there is no such file; see conf/topologies for examples");
    }
    return null;
  }
}
