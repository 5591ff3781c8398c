/** Tests of what {@code bench pause} makes of its measurements. */
@NullMarked
package io.vnsnap.bench.pause;

import org.jspecify.annotations.NullMarked;
