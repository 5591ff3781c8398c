package io.vnsnap.shell.control;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A user of this machine. In a folder that everybody may write to, such as {@code /tmp}, the one
 * who comes first decides whose a path is; so what is found there is asked for its owner.
 *
 * @param id number of the user
 */
record User(int id) {
  /** The one that this process runs as. */
  static User current() throws IOException {
    return ownerOf(Path.of("/proc/self"), true);
  }

  /** Whether the file or folder itself, not what a link names, belongs to this user. */
  boolean owns(Path path) throws IOException {
    return ownerOf(path, false).equals(this);
  }

  private static User ownerOf(Path path, boolean followLinks) throws IOException {
    @Nullable Object id =
        followLinks
            ? Files.getAttribute(path, "unix:uid")
            : Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    if (id instanceof Integer number) {
      return new User(number);
    }
    throw new IOException("%s has no owner".formatted(path));
  }
}
