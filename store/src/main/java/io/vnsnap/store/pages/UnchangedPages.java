package io.vnsnap.store.pages;

import io.vnsnap.store.pack.NhHash;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.pack.PagePlace;
import java.nio.ByteBuffer;

/**
 * Sorts out the pages that are what they were in the VM's last image, on the thread that gives
 * them, while they are in the processor's caches: to compare costs hardly more than to copy, and
 * saves the copy and its memory. Used by one thread.
 */
final class UnchangedPages {
  private final Session session;
  private final NhHash nhHash;
  private final ByteBuffer copy;
  private final long[] nh = new long[NhHash.LONGS];
  private final long[] id = new long[PageIds.LONGS];

  UnchangedPages(Session session, NhHash nhHash) {
    this.session = session;
    this.nhHash = nhHash;
    this.copy = ByteBuffer.allocateDirect(1 << session.table().shift());
  }

  /**
   * Enters a page if it is what it was.
   *
   * @param content its position moves then
   * @param turn of this version
   */
  boolean take(int block, long number, int turn, ByteBuffer content) {
    if (!session.hasEarlier(block, number)) {
      return false;
    }
    int length = 1 << session.table().shift();
    if (content.isDirect()) {
      nhHash.hash(content, content.position(), length, nh);
    } else {
      copy.put(0, content, content.position(), length);
      nhHash.hash(copy, 0, length, nh);
    }
    long place = session.unchanged(block, number, nh, id);
    if (place == PagePlace.NONE || !session.needs(PagePlace.pack(place))) {
      return false;
    }
    content.position(content.position() + length);
    session.table().put(block, number, turn, id, place, nh);
    return true;
  }
}
