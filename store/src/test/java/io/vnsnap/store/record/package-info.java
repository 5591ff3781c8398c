/** Tests of {@code io.vnsnap.store.record}. */
@NullMarked
package io.vnsnap.store.record;

import org.jspecify.annotations.NullMarked;
