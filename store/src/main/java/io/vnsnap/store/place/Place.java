package io.vnsnap.store.place;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.crypto.spec.SecretKeySpec;

/**
 * Where the objects of a store lie: a directory, or object storage. An object has a name and bytes,
 * appears whole and durable or not at all, and never changes; only those that {@link #put} writes
 * are replaced.
 *
 * <p>A name is one to four parts of {@code [a-z0-9][a-z0-9.-]{0,99}}, none of which ends in {@code
 * .partial}, joined by slashes; anything else is an {@link IllegalArgumentException}. No object's
 * name is that of a folder of another. Messages name the place, the object and the remedy. All
 * methods block. Safe for use by several threads and, on a shared place, by several hosts.
 */
public interface Place extends Closeable {
  /** Most bytes that {@link #put} takes. */
  int MAX_PUT_BYTES = 16 << 20;

  /** No writer rests that long in the middle of an object. */
  Duration ABANDONED_AFTER = Duration.ofHours(24);

  /** Says where this is, for messages: a path, or an s3:// address. */
  String describe();

  /** Says where an object is, for messages. */
  default String address(String name) {
    return describe() + "/" + name;
  }

  /**
   * The key for ids of content that do not reveal it (HMAC-SHA-256), where what is at the place is
   * encrypted; empty where it is not, and ids may be plain hashes.
   */
  default Optional<SecretKeySpec> pageIdKey() {
    return Optional.empty();
  }

  /**
   * Begins an object. It is there when {@link Output#commit} has returned. To be closed in any
   * case.
   *
   * @throws io.vnsnap.store.StoreFullException here or when writing, if it does not fit
   */
  Output create(String name) throws IOException;

  /**
   * Writes a small object, in place of what has the name; readers see the old or the new one.
   *
   * @param content its remaining bytes, at most {@link #MAX_PUT_BYTES}; the buffer is not changed
   */
  void put(String name, ByteBuffer content) throws IOException;

  /**
   * Opens an object for reading.
   *
   * @throws java.nio.file.NoSuchFileException if it is absent
   */
  Input open(String name) throws IOException;

  /**
   * All objects whose names begin with the prefix, in the order of their names.
   *
   * @param prefix empty, or whole parts with a slash at the end
   */
  List<Entry> list(String prefix) throws IOException;

  /** Removes an object, durably; not an error if it is absent. */
  void delete(String name) throws IOException;

  /**
   * Removes what crashes have left of objects that were being written; returns the bytes.
   *
   * @param untouched only what was begun, or where the place knows it last written, at least so
   *     long ago; it must be longer than any writer may rest that is still alive. What this
   *     instance itself is writing stays in any case.
   */
  long sweep(Duration untouched) throws IOException;

  /** As {@link #sweep(Duration)}, for those who know nothing of other writers. */
  default long sweep() throws IOException {
    return sweep(ABANDONED_AFTER);
  }

  /** Bytes that may still be written; {@link Long#MAX_VALUE} where there is no bound. */
  long freeBytes() throws IOException;

  /**
   * An object that is there.
   *
   * @param modifiedMs when it was written, by the place's clock; milliseconds since the Unix epoch
   */
  record Entry(String name, long bytes, long modifiedMs) {}

  /** An object being written from its start on. Used by one thread at a time. */
  interface Output extends Closeable {

    /** Takes all remaining bytes; the buffer may be reused on return. */
    void write(ByteBuffer bytes) throws IOException;

    /**
     * Makes the object durable and lets it appear. After this, only close.
     *
     * @throws java.nio.file.FileAlreadyExistsException if the name is taken
     */
    void commit() throws IOException;

    /** Discards what was not committed. */
    @Override
    void close() throws IOException;
  }

  /** An object being read, by any thread and several at a time. */
  interface Input extends Closeable {

    /** Length of the object. */
    long bytes();

    /**
     * Reads at the position until the buffer is full.
     *
     * @throws java.io.EOFException if the object ends before
     */
    void read(ByteBuffer into, long position) throws IOException;
  }
}
