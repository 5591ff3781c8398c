/**
 * {@code bench capture}: how much a guest that writes to its memory is slowed while it is captured
 * into the store, one capture after the other, beside the same guest left alone.
 */
@NullMarked
package io.vnsnap.bench.capture;

import org.jspecify.annotations.NullMarked;
