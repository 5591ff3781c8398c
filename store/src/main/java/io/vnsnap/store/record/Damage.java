package io.vnsnap.store.record;

import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.place.Place;
import java.util.Locale;

/** The words for what is wrong with an object. */
public final class Damage {
  private Damage() {}

  /**
   * Says which object is damaged.
   *
   * @param word what it is, e.g. "pack"
   * @param what is wrong with it
   */
  public static DamagedSnapshotException of(Place place, String word, String name, String what) {
    return new DamagedSnapshotException(
        "damaged %s %s in %s: %s".formatted(word, name, place.describe(), what));
  }

  /** Says that an object is not there. */
  public static DamagedSnapshotException missing(Place place, String word, String name) {
    return of(place, word, name, "it is missing");
  }

  /** A number of bytes for people. */
  public static String mib(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0);
  }
}
