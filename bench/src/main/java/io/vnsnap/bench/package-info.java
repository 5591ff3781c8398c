/** Placeholder. */
@NullMarked
package io.vnsnap.bench;

import org.jspecify.annotations.NullMarked;
