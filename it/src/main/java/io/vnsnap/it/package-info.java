/** Placeholder. */
@NullMarked
package io.vnsnap.it;

import org.jspecify.annotations.NullMarked;
