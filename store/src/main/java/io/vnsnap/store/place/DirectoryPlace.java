package io.vnsnap.store.place;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * A place in a directory, of this machine or shared between hosts; {@code docs/store-places.md}
 * says what it asks of the file system.
 */
public final class DirectoryPlace implements Place {
  /** Space of the file system that is left to others, in bytes; the journal, say. */
  public static final long RESERVE_BYTES = 64L << 20;

  /** How often a folder is made again because another host has pruned it. */
  private static final int FOLDER_TRIES = 8;

  private final Tree tree;
  private final Disk disk;
  private final LongSupplier random;
  private final InstantSource clock;

  /** Files that this instance is writing. */
  private final Set<Path> writing = ConcurrentHashMap.newKeySet();

  private DirectoryPlace(Tree tree, LongSupplier random, InstantSource clock) {
    this.tree = tree;
    this.disk = tree.disk();
    this.random = random;
    this.clock = clock;
  }

  /**
   * Opens a directory, making it and those above it if they are absent. Any number of instances, in
   * any number of processes and hosts, may have the same directory open. Nothing needs to be
   * closed.
   *
   * @throws IOException if it cannot be made or read; the message says what to do
   */
  public static DirectoryPlace open(Path directory) throws IOException {
    Disk disk = new LocalDisk();
    try {
      make(disk, directory.toAbsolutePath());
      Path root = directory.toRealPath();
      if (!Files.isDirectory(root)) {
        throw new NotDirectoryException(root.toString());
      }
      return open(disk, root, RESERVE_BYTES, new SecureRandom()::nextLong, InstantSource.system());
    } catch (IOException e) {
      throw new IOException(
          "cannot use %s as a store: %s. Name a directory that this user may write, or mount it"
              .formatted(directory, e),
          e);
    }
  }

  static DirectoryPlace open(
      Disk disk, Path root, long reserveBytes, LongSupplier random, InstantSource clock) {
    return new DirectoryPlace(new Tree(disk, root, reserveBytes), random, clock);
  }

  /** Makes a directory and those above it, durably. */
  private static void make(Disk disk, Path directory) throws IOException {
    Path parent = directory.getParent();
    if (parent == null || Files.isDirectory(directory)) {
      return;
    }
    make(disk, parent);
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectories(directory, LocalDisk.PRIVATE_FOLDER); // Or another was faster.
    }
    disk.syncFolder(parent);
  }

  @Override
  public String describe() {
    return tree.root().toString();
  }

  @Override
  public Output create(String name) throws IOException {
    PlaceRules.check(name);
    return begin(tree.file(name), 0);
  }

  @Override
  public void put(String name, ByteBuffer content) throws IOException {
    PlaceRules.checkPut(name, content);
    try (DirectoryOutput out = begin(tree.file(name), content.remaining())) {
      out.write(content.duplicate());
      out.replace();
    }
  }

  private DirectoryOutput begin(Path file, long coming) throws IOException {
    Path folder = Tree.parent(file);
    Path partial =
        folder.resolve(
            "%s.%016x%s".formatted(file.getFileName(), random.getAsLong(), PlaceRules.PARTIAL));
    tree.checkSpace(file, 0, coming);
    writing.add(partial);
    try {
      Disk.Output out = createFile(folder, partial);
      return new DirectoryOutput(tree, file, partial, out, () -> writing.remove(partial));
    } catch (IOException | RuntimeException | Error e) {
      writing.remove(partial);
      throw e;
    }
  }

  /** Creates a file, and its folder, which another host may remove while it is empty. */
  private Disk.Output createFile(Path folder, Path file) throws IOException {
    for (int tries = 1; ; tries++) {
      try {
        tree.ensureFolder(folder);
        return disk.create(file);
      } catch (NoSuchFileException e) {
        if (tries == FOLDER_TRIES) {
          throw tree.writing(file, 0, e);
        }
      } catch (IOException e) {
        throw tree.writing(file, 0, e);
      }
    }
  }

  @Override
  public Input open(String name) throws IOException {
    PlaceRules.check(name);
    Path file = tree.file(name);
    if (!tree.hasFolder(Tree.parent(file))) {
      throw new NoSuchFileException(file.toString(), null, "no such object");
    }
    return switch (disk.kind(file)) {
      case ABSENT, FOLDER -> throw new NoSuchFileException(file.toString(), null, "no such object");
      case OTHER -> throw Tree.noFile(file);
      case FILE -> DirectoryInput.open(disk, file);
    };
  }

  @Override
  public List<Entry> list(String prefix) throws IOException {
    PlaceRules.checkPrefix(prefix);
    List<Entry> entries = new ArrayList<>();
    Path folder = tree.root().resolve(prefix);
    if (tree.hasFolder(folder)) {
      walk(
          folder,
          (file, entry) -> {
            String name = tree.root().relativize(file).toString();
            if (entry.kind() == Disk.Kind.FILE && PlaceRules.isName(name)) {
              entries.add(new Entry(name, entry.bytes(), entry.modifiedMs()));
            }
          });
    }
    entries.sort(Comparator.comparing(Entry::name));
    return List.copyOf(entries);
  }

  @Override
  public void delete(String name) throws IOException {
    PlaceRules.check(name);
    Path file = tree.file(name);
    Path folder = existing(Tree.parent(file));
    try {
      if (disk.kind(file) != Disk.Kind.FOLDER) {
        disk.remove(file);
      }
    } catch (NoSuchFileException e) {
      // Removed before; perhaps not durably, hence what follows.
    } catch (IOException e) {
      throw Tree.failed("remove", file, e);
    }
    tree.syncUp(tree.prune(folder), file);
  }

  private Path existing(Path folder) throws IOException {
    Path each = folder;
    while (!tree.hasFolder(each)) {
      each = Tree.parent(each);
    }
    return each;
  }

  @Override
  public long sweep(Duration untouched) throws IOException {
    long before = clock.millis() - untouched.toMillis();
    List<Path> swept = new ArrayList<>();
    long[] bytes = new long[1];
    walk(
        tree.root(),
        (file, entry) -> {
          boolean partial = isPartial(file) && entry.kind() == Disk.Kind.FILE;
          if (partial && entry.modifiedMs() <= before && !writing.contains(file)) {
            remove(file);
            swept.add(Tree.parent(file));
            bytes[0] += entry.bytes();
          }
        });
    for (Path folder : swept) {
      tree.syncUp(tree.prune(existing(folder)), folder);
    }
    return bytes[0];
  }

  private static boolean isPartial(Path file) {
    return String.valueOf(file.getFileName()).endsWith(PlaceRules.PARTIAL);
  }

  private void remove(Path file) throws IOException {
    try {
      disk.remove(file);
    } catch (NoSuchFileException e) {
      // Another host sweeps too.
    } catch (IOException e) {
      throw Tree.failed("remove", file, e);
    }
  }

  @Override
  public long freeBytes() throws IOException {
    return Math.max(0, disk.freeBytes(tree.root()) - tree.reserveBytes());
  }

  @Override
  public void close() {
    // Nothing is held.
  }

  /** What is done to each file below a folder. */
  private interface Visitor {
    void visit(Path file, Disk.Entry entry) throws IOException;
  }

  /** Visits all that is no folder; what cannot lead to an object is passed over. */
  private void walk(Path folder, Visitor visitor) throws IOException {
    for (String name : names(folder)) {
      Path path = folder.resolve(name);
      Disk.Entry entry = entry(path);
      if (entry.kind() == Disk.Kind.FOLDER) {
        int depth = tree.root().relativize(path).getNameCount();
        if (depth < PlaceRules.MAX_PARTS && PlaceRules.isPart(name)) {
          walk(path, visitor);
        }
      } else if (entry.kind() == Disk.Kind.OTHER && PlaceRules.isPart(name)) {
        throw Tree.noFile(path);
      } else {
        visitor.visit(path, entry);
      }
    }
  }

  private List<String> names(Path folder) throws IOException {
    try {
      return disk.names(folder);
    } catch (NoSuchFileException e) {
      return List.of(); // Pruned meanwhile.
    } catch (IOException e) {
      throw Tree.failed("read", folder, e);
    }
  }

  private Disk.Entry entry(Path path) throws IOException {
    try {
      return disk.entry(path);
    } catch (IOException e) {
      throw Tree.failed("read", path, e);
    }
  }

  @Override
  public String toString() {
    return describe();
  }
}
