/**
 * {@code bench pause}: how long a guest under write load stands still while its state is taken,
 * VNsnap's way and others, from STOP to RESUME by QEMU's own timestamps.
 */
@NullMarked
package io.vnsnap.bench.pause;

import org.jspecify.annotations.NullMarked;
