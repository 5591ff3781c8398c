/**
 * Page maps: which pages an image has, in memory and as stored. {@code docs/store-format.md} is the
 * specification. Knows where pages are, and never touches one.
 */
@NullMarked
package io.vnsnap.store.map;

import org.jspecify.annotations.NullMarked;
