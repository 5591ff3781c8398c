/** Tests of what {@code bench goodput} makes of the guests' reports. */
@NullMarked
package io.vnsnap.bench.goodput;

import org.jspecify.annotations.NullMarked;
