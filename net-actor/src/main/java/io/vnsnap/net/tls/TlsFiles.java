package io.vnsnap.net.tls;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files for TLS between nodes, in PEM form, as explained in {@code reference.conf}.
 *
 * @param key of this node
 * @param certificate of this node
 * @param ca certificate of the authority that issued all nodes' certificates
 */
public record TlsFiles(Path key, Path certificate, Path ca) {
  private static final List<String> KEYS =
      List.of("vnsnap.tls.key", "vnsnap.tls.certificate", "vnsnap.tls.ca");

  /**
   * Reads {@code vnsnap.tls}.
   *
   * @return null if none is set
   * @throws ConfigException if some are set and others not
   */
  public static @Nullable TlsFiles from(Config root) {
    List<String> missing = KEYS.stream().filter(key -> root.getString(key).isEmpty()).toList();
    if (missing.size() == KEYS.size()) {
      return null;
    }
    if (!missing.isEmpty()) {
      throw new ConfigException.BadValue(
          missing.getFirst(),
          "not set: TLS needs all of vnsnap.tls.key, vnsnap.tls.certificate and vnsnap.tls.ca");
    }
    List<Path> files = Stream.of(0, 1, 2).map(i -> Path.of(root.getString(KEYS.get(i)))).toList();
    return new TlsFiles(files.get(0), files.get(1), files.get(2));
  }
}
