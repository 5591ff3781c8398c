/**
 * Packs: pages by the hash of their content, in compressed groups, written one after another and
 * read in any order. {@code docs/store-format.md} is the specification. Knows nothing of images or
 * snapshots, nor of how a page is found by its id.
 */
@NullMarked
package io.vnsnap.store.pack;

import org.jspecify.annotations.NullMarked;
