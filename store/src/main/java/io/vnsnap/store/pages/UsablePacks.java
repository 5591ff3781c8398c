package io.vnsnap.store.pages;

import io.vnsnap.proto.Condemned;
import io.vnsnap.store.index.PackFilter;
import io.vnsnap.store.lease.Leases;
import io.vnsnap.store.pack.PackNames;
import io.vnsnap.store.pack.Packer;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.ObjectNames;
import java.io.IOException;
import java.util.BitSet;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Packs that a writer may refer to, by what it saw after its lease was there: those that were
 * listed and not condemned, and those that this process was writing then or has begun since.
 * Immutable.
 */
final class UsablePacks implements PackFilter {
  private final BitSet usable;
  private final Packer packer;
  private final int known;
  private final Set<Long> condemnedImages;

  private UsablePacks(BitSet usable, Packer packer, int known, Set<Long> condemnedImages) {
    this.usable = usable;
    this.packer = packer;
    this.known = known;
    this.condemnedImages = condemnedImages;
  }

  /** Looks at the place; to be called when the lease is there. */
  static UsablePacks see(Place place, Leases leases, PackNames names, Packer packer)
      throws IOException {
    int known = names.size();
    BitSet usable = packer.writing();
    Set<Long> condemnedPacks = new HashSet<>();
    Set<Long> condemnedImages = new HashSet<>();
    for (Condemned list : leases.condemned()) {
      condemnedPacks.addAll(list.getPacksList());
      condemnedImages.addAll(list.getImagesList());
    }
    for (Place.Entry entry : place.list(ObjectNames.PACKS)) {
      OptionalLong name = ObjectNames.number(ObjectNames.PACKS, entry.name());
      if (name.isPresent()) {
        usable.set(names.ordinal(name.getAsLong()));
      }
    }
    condemnedPacks.forEach(name -> usable.clear(names.ordinal(name)));
    return new UsablePacks(usable, packer, known, condemnedImages);
  }

  @Override
  public boolean accepts(int ordinal) {
    return usable.get(ordinal) || (ordinal >= known && packer.hasBegun(ordinal));
  }

  /** Whether the page map with the number is condemned. */
  boolean isCondemnedImage(long image) {
    return condemnedImages.contains(image);
  }
}
