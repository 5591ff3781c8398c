/**
 * Where a store's objects lie: directories and object storage behind one interface. Knows nothing
 * of pages, images or snapshots.
 */
@NullMarked
package io.vnsnap.store.place;

import org.jspecify.annotations.NullMarked;
