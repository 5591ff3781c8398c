/** Placeholder. */
@NullMarked
package io.vnsnap.coordinator;

import org.jspecify.annotations.NullMarked;
