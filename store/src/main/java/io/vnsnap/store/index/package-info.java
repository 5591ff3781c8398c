/**
 * The index: sorted runs that say in which pack a page is, by its id; written per pack, merged in
 * tiers, read from memory as far as that goes and from the place beyond. {@code
 * docs/store-format.md} is the specification.
 */
@NullMarked
package io.vnsnap.store.index;

import org.jspecify.annotations.NullMarked;
