package io.vnsnap.store.place;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/** A small file with a secret, which nobody but its owner may read or change. */
final class PrivateFile {
  /** Longest secret with its line feeds. */
  static final int MAX_BYTES = 4096;

  private static final Set<PosixFilePermission> OTHERS =
      EnumSet.of(
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE);

  private PrivateFile() {}

  /**
   * Reads it as ASCII text.
   *
   * @param what names it in messages
   */
  static String read(Path file, String what) throws IOException {
    byte[] bytes;
    try {
      Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
      if (mode.stream().anyMatch(OTHERS::contains)) {
        throw new IOException(
            "%s may be read or changed by others (%s): chmod 600 %s, and if they are not trusted use"
                    .formatted(what, PosixFilePermissions.toString(mode), file)
                + " a new one");
      }
      try (InputStream in = Files.newInputStream(file)) {
        bytes = in.readNBytes(MAX_BYTES + 1);
      }
    } catch (NoSuchFileException e) {
      throw new IOException("%s does not exist".formatted(what), e);
    } catch (FileSystemException e) {
      throw new IOException("%s cannot be read: %s".formatted(what, e), e);
    }
    if (bytes.length > MAX_BYTES) {
      throw new IOException("%s is longer than %d bytes".formatted(what, MAX_BYTES));
    }
    return new String(bytes, StandardCharsets.US_ASCII);
  }
}
