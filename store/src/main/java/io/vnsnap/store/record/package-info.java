/**
 * The stream objects of a store: channel logs, manifests, and the outer form that they share with
 * page maps, hints and leases. {@code docs/store-format.md} is the specification. Knows nothing of
 * pages and packs.
 */
@NullMarked
package io.vnsnap.store.record;

import org.jspecify.annotations.NullMarked;
