package io.vnsnap.store.place;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * The few things the store asks of a file system; everything it does to a disk goes through here,
 * so that tests can fail any of it. Symbolic links are never followed in the last name of a path.
 * Safe for use by several threads.
 */
public interface Disk {

  /** What is at a path. */
  enum Kind {
    ABSENT,
    FILE,
    FOLDER,
    /** A symbolic link, device, socket. */
    OTHER
  }

  /**
   * What is known of a path.
   *
   * @param bytes length of a file; 0 for anything else
   * @param modifiedMs when a file was last written; milliseconds since the Unix epoch
   */
  record Entry(Kind kind, long bytes, long modifiedMs) {
    static final Entry ABSENT = new Entry(Kind.ABSENT, 0, 0);
  }

  /** What is at a path; the absence of a folder on the way is absence too. */
  Entry entry(Path path) throws IOException;

  default Kind kind(Path path) throws IOException {
    return entry(path).kind();
  }

  /**
   * Creates a file for writing, mode 0600.
   *
   * @throws java.nio.file.FileAlreadyExistsException if anything has the name
   */
  Output create(Path file) throws IOException;

  /**
   * Opens a file for reading.
   *
   * @throws java.nio.file.NoSuchFileException if it is absent
   */
  Input open(Path file) throws IOException;

  /**
   * Makes a folder, mode 0700.
   *
   * @throws java.nio.file.FileAlreadyExistsException if anything has the name
   */
  void makeFolder(Path folder) throws IOException;

  /** Moves a file within its folder, atomically, over what has the name. */
  void move(Path from, Path to) throws IOException;

  /**
   * Gives a file a second name in its folder, atomically.
   *
   * @throws java.nio.file.FileAlreadyExistsException if another file, or anything else, has it
   */
  void link(Path from, Path to) throws IOException;

  /**
   * Removes a file, a link (not its target) or an empty folder.
   *
   * @throws java.nio.file.DirectoryNotEmptyException if a folder is not empty
   * @throws java.nio.file.NoSuchFileException if it is absent
   */
  void remove(Path path) throws IOException;

  /**
   * Names in a folder, in no order.
   *
   * @throws java.nio.file.NoSuchFileException if it is absent
   */
  List<String> names(Path folder) throws IOException;

  /** Makes creations, moves and removals in the folder durable. */
  void syncFolder(Path folder) throws IOException;

  /** Bytes an ordinary user may still write to the file system of the folder. */
  long freeBytes(Path folder) throws IOException;

  /** A file being written from its start on. Used by one thread at a time. */
  interface Output extends Closeable {

    /** Writes some of the buffer, at least one byte; returns how many. */
    int write(ByteBuffer bytes) throws IOException;

    /** Makes content and length durable. */
    void sync() throws IOException;
  }

  /** A file being read, by any thread and several at a time. */
  interface Input extends Closeable {

    long bytes() throws IOException;

    /** Reads at least one byte at the position; -1 at the end. */
    int read(ByteBuffer into, long position) throws IOException;
  }
}
