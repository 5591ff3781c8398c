/** Tests of {@code io.vnsnap.store.map}. */
@NullMarked
package io.vnsnap.store.map;

import org.jspecify.annotations.NullMarked;
