package io.vnsnap.store.life;

import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.ObjectNames;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The objects of a store that are shared by snapshots, by the number in their names.
 *
 * @param packs pages
 * @param maps page maps
 * @param runs of the index
 * @param hints by the number of their map
 */
record Inventory(
    Map<Long, Place.Entry> packs,
    Map<Long, Place.Entry> maps,
    Map<Long, Place.Entry> runs,
    Map<Long, Place.Entry> hints) {

  /** Lists them. Maps first: whatever a map names was there before it. */
  static Inventory of(Place place) throws IOException {
    Map<Long, Place.Entry> maps = list(place, ObjectNames.IMAGES);
    return new Inventory(
        list(place, ObjectNames.PACKS),
        maps,
        list(place, ObjectNames.INDEX),
        list(place, ObjectNames.HINTS));
  }

  private static Map<Long, Place.Entry> list(Place place, String prefix) throws IOException {
    Map<Long, Place.Entry> found = new HashMap<>();
    for (Place.Entry entry : place.list(prefix)) {
      OptionalLong number = ObjectNames.number(prefix, entry.name());
      number.ifPresent(name -> found.put(name, entry));
    }
    return found;
  }
}
