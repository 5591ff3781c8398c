/**
 * The life of a snapshot after it is sealed: which to keep, what nobody needs any more, whether all
 * of it can still be read, and how it gets from one store into another. Knows snapshots only as the
 * store's interfaces and objects give them; how they are taken is none of its business.
 */
@NullMarked
package io.vnsnap.store.life;

import org.jspecify.annotations.NullMarked;
