/**
 * One snapshot as one file, see {@code docs/export-format.md}: written from any store and read into
 * any other. Knows stores only by their interfaces.
 */
@NullMarked
package io.vnsnap.store.transfer;

import org.jspecify.annotations.NullMarked;
