package io.vnsnap.store.file;

import java.nio.file.Path;

/**
 * A place for one stream file of a snapshot.
 *
 * @param kind what belongs there
 * @param file its path once complete
 * @param name what its header says: snapshot id, slash, path within the snapshot's folder
 */
record Part(StreamKind kind, Path file, String name) {

  Path folder() {
    return Area.parent(file);
  }

  /** Where it is written, before it is complete. */
  Path partial(long random) {
    return file.resolveSibling(file.getFileName() + ".%016x.partial".formatted(random));
  }
}
