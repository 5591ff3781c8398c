/** Tests of {@code io.vnsnap.store.lease}. */
@NullMarked
package io.vnsnap.store.lease;

import org.jspecify.annotations.NullMarked;
