package io.vnsnap.store.pack;

import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.ObjectNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A pack that is being written. Groups get their numbers when they are opened, and are appended in
 * the order in which they are ready. Safe for use by several threads.
 */
public final class PackWriter {

  /** A group that was appended. */
  private static final class Stored {
    final int offset;
    final int bytes;
    final int shift;
    final int pages;
    final long[] ids;

    Stored(int offset, int bytes, int shift, int pages, long[] ids) {
      this.offset = offset;
      this.bytes = bytes;
      this.shift = shift;
      this.pages = pages;
      this.ids = ids;
    }
  }

  private static final Stored UNUSED = new Stored(0, 0, 0, 0, new long[0]);

  private final long name;
  private final int ordinal;
  private final Place.Output out;
  private final CompletableFuture<PackWriter> durable = new CompletableFuture<>();
  private final List<@Nullable Stored> groups = new ArrayList<>();
  private long bytes;
  private int pages;
  private int outstanding;
  private boolean closing;
  private boolean complete;
  private @Nullable IOException failure;

  PackWriter(Place place, long name, int ordinal, int scheme) throws IOException {
    this.name = name;
    this.ordinal = ordinal;
    this.out = place.create(ObjectNames.pack(name));
    try {
      ByteBuffer header = PackLayout.header(name, scheme);
      bytes = header.remaining();
      out.write(header);
    } catch (IOException e) {
      try (out) {
        throw e;
      }
    }
  }

  public long name() {
    return name;
  }

  public int ordinal() {
    return ordinal;
  }

  /** Completes when the pack and its index run are durable, or fails. */
  public CompletableFuture<PackWriter> durable() {
    return durable;
  }

  /** What went wrong, if it has. */
  public synchronized @Nullable IOException failure() {
    return failure;
  }

  /** Opens a group; false when the pack takes no more. */
  synchronized boolean open(GroupBuilder group) {
    if (closing || failure != null) {
      return false;
    }
    group.opened(this, groups.size());
    groups.add(null);
    outstanding++;
    return true;
  }

  /** Writes a group that was opened. The buffer is used only during the call. */
  synchronized void append(int number, int shift, int count, long[] ids, ByteBuffer group)
      throws IOException {
    IOException failed = failure;
    if (failed != null) {
      throw failed;
    }
    int length = group.remaining();
    try {
      out.write(group);
    } catch (IOException e) {
      failure = e;
      throw e;
    }
    groups.set(number, new Stored((int) bytes, length, shift, count, ids));
    bytes += length;
    pages += count;
  }

  /** A group that was opened gets no pages: its number stays unused. */
  synchronized void leaveUnused(int number) {
    groups.set(number, UNUSED);
  }

  /** A group that was opened is done. Returns true once: when nothing more will be appended. */
  synchronized boolean groupEnded() {
    outstanding--;
    return becameComplete();
  }

  /** Lets no more groups be opened. Returns true once, as {@link #groupEnded} does. */
  synchronized boolean close() {
    closing = true;
    return becameComplete();
  }

  private boolean becameComplete() {
    if (complete || outstanding > 0 || !(closing || failure != null)) {
      return false;
    }
    complete = true;
    return true;
  }

  /** Lets go of the ids, when the pack is indexed or has failed. */
  synchronized void release() {
    groups.clear();
  }

  synchronized boolean isFull(long mostBytes, int mostPages) {
    return bytes >= mostBytes || pages >= mostPages;
  }

  /** Ends the pack and makes it durable. Called once, when all groups are done. */
  synchronized void commit() throws IOException {
    try (out) {
      IOException failed = failure;
      if (failed != null) {
        throw failed;
      }
      writeEnd();
      out.commit();
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  /** Gives up what was written; for a pack that is not complete. */
  synchronized void abandon() {
    failure = new IOException("pack " + packName() + " was given up");
    try {
      out.close();
    } catch (IOException e) {
      failure.addSuppressed(e); // What is left of it is swept.
    }
  }

  private void writeEnd() throws IOException {
    ByteBuffer ids = ByteBuffer.allocate(pages * PageIds.BYTES);
    ByteBuffer directory = ByteBuffer.allocate(groups.size() * PackLayout.DIRECTORY_ENTRY_BYTES);
    for (Stored group : groups) {
      if (group == null) {
        throw new IllegalStateException("a group of pack " + packName() + " was not written");
      }
      for (long part : group.ids) {
        ids.putLong(part);
      }
      directory.putInt(group.offset).putInt(group.bytes);
      directory.putShort((short) group.pages).putShort((short) (group.shift << Byte.SIZE));
    }
    int idsCrc = PackLayout.crc(name, ids.flip());
    int directoryCrc = PackLayout.crc(name, directory.flip());
    out.write(ids);
    out.write(directory);
    out.write(
        new PackLayout.Trailer(groups.size(), pages, (int) bytes, idsCrc, directoryCrc)
            .encode(name));
  }

  /** Takes an id and where it is. */
  public interface PageConsumer {
    void accept(long a, long b, long c, long d, int groupAndSlot);
  }

  public synchronized int pages() {
    return pages;
  }

  /** Gives all pages; called when the pack is durable. */
  public synchronized void forEach(PageConsumer consumer) {
    for (int number = 0; number < groups.size(); number++) {
      Stored group = groups.get(number);
      if (group == null) {
        continue;
      }
      for (int slot = 0; slot < group.pages; slot++) {
        int at = slot * PageIds.LONGS;
        consumer.accept(
            group.ids[at],
            group.ids[at + 1],
            group.ids[at + 2],
            group.ids[at + 3],
            PagePlace.groupAndSlot(PagePlace.of(ordinal, number, slot)));
      }
    }
  }

  private String packName() {
    return ObjectNames.pack(name);
  }
}
