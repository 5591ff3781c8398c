/** Tests of what {@code bench capture} computes and reports. */
@NullMarked
package io.vnsnap.bench.capture;

import org.jspecify.annotations.NullMarked;
