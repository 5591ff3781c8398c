/** Tests of {@code io.vnsnap.store.index}. */
@NullMarked
package io.vnsnap.store.index;

import org.jspecify.annotations.NullMarked;
