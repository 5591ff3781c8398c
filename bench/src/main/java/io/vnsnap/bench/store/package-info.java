/**
 * {@code bench store}: how fast images go into the page store and come back, and what they take
 * there, beside {@code cat} and {@code zstd} on the same bytes.
 */
@NullMarked
package io.vnsnap.bench.store;

import org.jspecify.annotations.NullMarked;
