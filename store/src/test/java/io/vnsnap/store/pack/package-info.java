/** Tests of {@code io.vnsnap.store.pack}. */
@NullMarked
package io.vnsnap.store.pack;

import org.jspecify.annotations.NullMarked;
