/**
 * The snapshot store: images by their pages on a place, in bounded memory, behind the guests'
 * backs. Ties packs, index, page maps, leases and records together; {@code docs/store-format.md} is
 * the specification. Only {@link io.vnsnap.store.pages.PageStore} and its settings are for use
 * outside.
 */
@NullMarked
package io.vnsnap.store.pages;

import org.jspecify.annotations.NullMarked;
