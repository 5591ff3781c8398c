package io.vnsnap.shell.cli;

import java.nio.file.Path;
import java.util.Map;

/**
 * Where nodes keep things unless told otherwise: for root in {@code /var/lib/vnsnap}, for others in
 * {@code $XDG_STATE_HOME/vnsnap} or {@code ~/.local/state/vnsnap}.
 */
record NodeFolders(Path base) {

  static NodeFolders of(Map<String, String> environment) {
    String xdg = environment.getOrDefault("XDG_STATE_HOME", "");
    if (!xdg.isEmpty()) {
      return new NodeFolders(Path.of(xdg, "vnsnap"));
    }
    return new NodeFolders(
        System.getProperty("user.name", "").equals("root")
            ? Path.of("/var/lib/vnsnap")
            : Path.of(System.getProperty("user.home", "/tmp"), ".local", "state", "vnsnap"));
  }

  Path state(String node) {
    return base.resolve("nodes").resolve(node);
  }

  Path store() {
    return base.resolve("store");
  }
}
