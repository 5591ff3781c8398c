package io.vnsnap.store.pages;

import io.vnsnap.store.index.Index;
import io.vnsnap.store.pack.GroupBuilder;
import io.vnsnap.store.pack.NhHash;
import io.vnsnap.store.pack.Packer;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.pack.PagePlace;
import java.io.Closeable;
import java.io.IOException;

/**
 * What one worker needs to store pages, and the groups that it is filling. Guarded by itself: the
 * worker holds it while it works at a batch, a writer that commits to flush it.
 */
final class Lane implements Closeable {
  private static final int MEMORY_SHIFT = 12;
  private static final int DISK_SHIFT = 16;

  private final Packer packer;
  private final Index index;
  private final NhHash nhHash;
  private final PageIds.Hasher hasher;
  private final GroupBuilder memoryGroup;
  private final GroupBuilder diskGroup;
  private final byte[] page = new byte[NhHash.MAX_BYTES];
  private final long[] nh = new long[NhHash.LONGS];
  private final long[] id = new long[PageIds.LONGS];

  Lane(Packer packer, Index index, NhHash nhHash, PageIds ids, int level) {
    this.packer = packer;
    this.index = index;
    this.nhHash = nhHash;
    this.hasher = ids.hasher();
    this.memoryGroup = new GroupBuilder(packer, MEMORY_SHIFT, level);
    this.diskGroup = new GroupBuilder(packer, DISK_SHIFT, level);
  }

  /** Stores the pages of a batch; a failure is its session's to hear of. */
  synchronized void work(Batch batch) {
    Session session = batch.session();
    try {
      for (int i = 0; i < batch.size() && session.isWorthWorking(); i++) {
        store(session, batch, i);
      }
    } catch (IOException | RuntimeException | Error e) {
      session.fail(e);
    }
  }

  private void store(Session session, Batch batch, int i) throws IOException {
    int shift = session.table().shift();
    int length = 1 << shift;
    batch.copy(i, page);
    nhHash.hash(batch.slab(), i << shift, length, nh);
    hasher.id(page, length, id);
    long place = place(session, shift);
    session.table().put(batch.block(i), batch.page(i), batch.turn(i), id, place, nh);
  }

  /** Finds the page or makes it part of a group. */
  private long place(Session session, int shift) throws IOException {
    long known = packer.find(id);
    if (known == PagePlace.NONE) {
      known = index.find(id, session.usable(), false);
    }
    if (known != PagePlace.NONE && session.needs(PagePlace.pack(known))) {
      return known;
    }
    GroupBuilder group = shift == MEMORY_SHIFT ? memoryGroup : diskGroup;
    long next = group.nextPlace();
    long claimed = packer.claim(id, next);
    if (!session.needs(PagePlace.pack(claimed))) {
      throw new IOException("a pack that held the same page could not be written. Try again");
    }
    if (claimed == next) {
      group.add(page, id, session);
    }
    return claimed;
  }

  /** Appends what waits to be a group. */
  synchronized void flush() {
    memoryGroup.flush();
    diskGroup.flush();
  }

  @Override
  public synchronized void close() {
    memoryGroup.close();
    diskGroup.close();
  }
}
