package io.vnsnap.store.place;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory that knows what is durable: the bytes of a file as of its last sync, and the
 * names in a folder as of the folder's. {@link #afterPowerLoss} gives what is left of it.
 */
public final class MemoryDisk implements Disk {

  /** What of the changes to folders that were not synced has reached the disk. */
  public enum Unsynced {
    LOST,
    KEPT,
    KEPT_AT_EVEN_DEPTH,
    KEPT_AT_ODD_DEPTH;

    boolean keptAt(int depth) {
      return switch (this) {
        case LOST -> false;
        case KEPT -> true;
        case KEPT_AT_EVEN_DEPTH -> depth % 2 == 0;
        case KEPT_AT_ODD_DEPTH -> depth % 2 == 1;
      };
    }
  }

  private sealed interface Node {}

  private static final class FileNode implements Node {
    byte[] now = {};
    byte[] durable = {};
    long modifiedMs;
  }

  private static final class FolderNode implements Node {
    final Map<String, Node> now = new TreeMap<>();
    Map<String, Node> durable = Map.of();
  }

  private final FolderNode root;
  private long free = Long.MAX_VALUE;
  private long nowMs;

  public MemoryDisk() {
    this(new FolderNode());
  }

  private MemoryDisk(FolderNode root) {
    this.root = root;
  }

  public static Path rootPath() {
    return Path.of("/");
  }

  public synchronized void setFree(long bytes) {
    free = bytes;
  }

  /** Sets the time that files written from now on have; milliseconds since the Unix epoch. */
  public synchronized void setTime(long ms) {
    nowMs = ms;
  }

  /** The disk a machine finds when it starts again. Content that was not synced is zeros. */
  public synchronized MemoryDisk afterPowerLoss(Unsynced unsynced) {
    return new MemoryDisk(left(root, unsynced, 0));
  }

  private static FolderNode left(FolderNode folder, Unsynced unsynced, int depth) {
    FolderNode left = new FolderNode();
    (unsynced.keptAt(depth) ? folder.now : folder.durable)
        .forEach((name, node) ->
            left.now.put(
                name,
                switch (node) {
                  case FolderNode inner -> left(inner, unsynced, depth + 1);
                  case FileNode file -> {
                    FileNode copy = new FileNode();
                    copy.now = file.durable.clone();
                    copy.durable = copy.now;
                    copy.modifiedMs = file.modifiedMs;
                    yield copy;
                  }
                }));
    left.durable = Map.copyOf(left.now);
    return left;
  }

  /** Paths of all files. */
  public synchronized List<Path> files() {
    List<Path> files = new ArrayList<>();
    addFiles(rootPath(), root, files);
    return List.copyOf(files);
  }

  private static void addFiles(Path path, FolderNode folder, List<Path> files) {
    folder.now.forEach((name, node) -> {
      switch (node) {
        case FileNode file -> files.add(path.resolve(name));
        case FolderNode inner -> addFiles(path.resolve(name), inner, files);
      }
    });
  }

  public synchronized byte[] content(Path file) throws IOException {
    return file(file).now.clone();
  }

  public synchronized void setContent(Path file, byte[] content) throws IOException {
    file(file).now = content.clone();
  }

  @Override
  public synchronized Entry entry(Path path) {
    return switch (find(path)) {
      case FolderNode folder -> new Entry(Kind.FOLDER, 0, 0);
      case FileNode file -> new Entry(Kind.FILE, file.now.length, file.modifiedMs);
      case null -> Entry.ABSENT;
    };
  }

  @Override
  public synchronized Output create(Path file) throws IOException {
    FolderNode folder = folder(Tree.parent(file));
    FileNode node = new FileNode();
    node.modifiedMs = nowMs;
    if (folder.now.putIfAbsent(name(file), node) != null) {
      throw new FileAlreadyExistsException(file.toString());
    }
    return new MemoryOutput(node);
  }

  @Override
  public synchronized Input open(Path file) throws IOException {
    return new MemoryInput(file(file).now);
  }

  @Override
  public synchronized void makeFolder(Path folder) throws IOException {
    if (folder(Tree.parent(folder)).now.putIfAbsent(name(folder), new FolderNode()) != null) {
      throw new FileAlreadyExistsException(folder.toString());
    }
  }

  @Override
  public synchronized void move(Path from, Path to) throws IOException {
    FileNode node = file(from);
    folder(Tree.parent(from)).now.remove(name(from));
    folder(Tree.parent(to)).now.put(name(to), node);
  }

  @Override
  public synchronized void link(Path from, Path to) throws IOException {
    FileNode node = file(from);
    if (folder(Tree.parent(to)).now.putIfAbsent(name(to), node) != null) {
      throw new FileAlreadyExistsException(to.toString());
    }
  }

  @Override
  public synchronized void remove(Path path) throws IOException {
    Node node = find(path);
    if (node == null) {
      throw new NoSuchFileException(path.toString());
    }
    if (node instanceof FolderNode folder && !folder.now.isEmpty()) {
      throw new DirectoryNotEmptyException(path.toString());
    }
    folder(Tree.parent(path)).now.remove(name(path));
  }

  @Override
  public synchronized List<String> names(Path folder) throws IOException {
    return List.copyOf(folder(folder).now.keySet());
  }

  @Override
  public synchronized void syncFolder(Path folder) throws IOException {
    FolderNode node = folder(folder);
    node.durable = Map.copyOf(node.now);
  }

  @Override
  public synchronized long freeBytes(Path folder) {
    return free;
  }

  private @Nullable Node find(Path path) {
    Node node = root;
    for (Path name : path) {
      if (!(node instanceof FolderNode folder)) {
        return null;
      }
      node = folder.now.get(name.toString());
    }
    return node;
  }

  private FolderNode folder(Path path) throws IOException {
    if (find(path) instanceof FolderNode folder) {
      return folder;
    }
    throw new NoSuchFileException(path.toString());
  }

  private FileNode file(Path path) throws IOException {
    if (find(path) instanceof FileNode file) {
      return file;
    }
    throw new NoSuchFileException(path.toString());
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }

  private final class MemoryOutput implements Output {
    private final FileNode node;
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    MemoryOutput(FileNode node) {
      this.node = node;
    }

    @Override
    public int write(ByteBuffer bytes) {
      int length = bytes.remaining();
      byte[] copy = new byte[length];
      bytes.get(copy);
      written.writeBytes(copy);
      synchronized (MemoryDisk.this) {
        node.now = written.toByteArray();
        node.modifiedMs = nowMs;
      }
      return length;
    }

    @Override
    public void sync() {
      synchronized (MemoryDisk.this) {
        node.durable = node.now;
      }
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }

  private static final class MemoryInput implements Input {
    private final byte[] content;

    MemoryInput(byte[] content) {
      this.content = content;
    }

    @Override
    public long bytes() {
      return content.length;
    }

    @Override
    public int read(ByteBuffer into, long position) {
      if (position >= content.length) {
        return -1;
      }
      int length = (int) Math.min(into.remaining(), content.length - position);
      into.put(content, (int) position, length);
      return length;
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }
}
