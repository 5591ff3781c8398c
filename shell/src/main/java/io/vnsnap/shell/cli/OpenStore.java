package io.vnsnap.shell.cli;

import io.vnsnap.store.life.StoreAccess;
import io.vnsnap.store.pages.PageStore;
import io.vnsnap.store.pages.StoreSettings;
import io.vnsnap.store.place.Place;
import java.io.Closeable;
import java.io.IOException;

/** A store that one command has opened. */
final class OpenStore implements Closeable {
  private final Place place;
  private final String host;
  private final PageStore snapshots;

  private OpenStore(Place place, String host, PageStore snapshots) {
    this.place = place;
    this.host = host;
    this.snapshots = snapshots;
  }

  /**
   * Opens a store.
   *
   * @param place closed with it, or if this fails
   * @param settings with the name of this host, for messages to others
   */
  static OpenStore of(Place place, StoreSettings settings) throws IOException {
    return new OpenStore(place, settings.host(), PageStore.open(place, settings));
  }

  PageStore snapshots() {
    return snapshots;
  }

  /** The same store by its objects; to be closed before this. */
  StoreAccess access() throws IOException {
    return StoreAccess.open(place, host);
  }

  @Override
  public void close() throws IOException {
    snapshots.close();
  }
}
