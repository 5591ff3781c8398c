package io.vnsnap.store.life;

import io.vnsnap.store.index.Index;
import io.vnsnap.store.lease.Leases;
import io.vnsnap.store.map.Slabs;
import io.vnsnap.store.pack.PackNames;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.FormatObject;
import java.io.Closeable;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * A store as those see it who look after it: its objects rather than its snapshots. Used by one
 * thread at a time.
 */
public final class StoreAccess implements Closeable {
  private static final long INDEX_BYTES = 128L << 20;
  private static final long KEPT_TABLE_BYTES = 16L << 20;

  private final Place place;
  private final PageIds ids;
  private final LongSupplier random;
  private final InstantSource clock;
  private final PackNames names = new PackNames();
  private final Slabs tables = new Slabs(KEPT_TABLE_BYTES);
  private final Leases leases;
  private final Index index;

  private StoreAccess(
      Place place, PageIds ids, String host, LongSupplier random, InstantSource clock) {
    this.place = place;
    this.ids = ids;
    this.random = random;
    this.clock = clock;
    this.leases = new Leases(place, host, random, clock);
    this.index = new Index(place, names, ids.scheme(), random, INDEX_BYTES);
  }

  /**
   * Opens the store on a place.
   *
   * @param place is not closed with this
   * @param host name of this host, for messages to others
   * @throws IOException if there is no store, or one of another version
   */
  public static StoreAccess open(Place place, String host) throws IOException {
    return open(place, host, new SecureRandom()::nextLong, InstantSource.system());
  }

  static StoreAccess open(Place place, String host, LongSupplier random, InstantSource clock)
      throws IOException {
    PageIds ids = place.pageIdKey().map(PageIds::hmacSha256).orElseGet(PageIds::sha256);
    FormatObject.ensure(place);
    return new StoreAccess(place, ids, host, random, clock);
  }

  Place place() {
    return place;
  }

  PageIds ids() {
    return ids;
  }

  long random() {
    return random.getAsLong();
  }

  InstantSource clock() {
    return clock;
  }

  PackNames names() {
    return names;
  }

  Slabs tables() {
    return tables;
  }

  Leases leases() {
    return leases;
  }

  Index index() {
    return index;
  }

  @Override
  public void close() throws IOException {
    index.close();
  }
}
