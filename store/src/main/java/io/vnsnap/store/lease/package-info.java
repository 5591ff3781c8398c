/**
 * Leases: who writes which image, so that no other does, and so that nothing is removed under its
 * hands. {@code docs/store-format.md} is the specification.
 */
@NullMarked
package io.vnsnap.store.lease;

import org.jspecify.annotations.NullMarked;
