/** Tests of the report of {@code bench restore}. */
@NullMarked
package io.vnsnap.bench.restore;

import org.jspecify.annotations.NullMarked;
