package io.vnsnap.bench.pause;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Path;

/** Words for QEMU's monitor. */
final class Migration {
  /** What QEMU 7.2 starts with, in bytes per second; set again because other ways change it. */
  static final long DEFAULT_BANDWIDTH = 128L << 20;

  private Migration() {}

  /** Arguments of {@code migrate}; the path is one we made and needs no quoting. */
  static String toFile(Path file) {
    return JsonNodeFactory.instance.objectNode().put("uri", "exec:cat > " + file).toString();
  }
}
