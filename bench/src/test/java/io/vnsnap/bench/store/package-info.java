/** Tests of {@code bench store}. */
@NullMarked
package io.vnsnap.bench.store;

import org.jspecify.annotations.NullMarked;
