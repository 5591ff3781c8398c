/** Placeholder. */
@NullMarked
package io.vnsnap.host;

import org.jspecify.annotations.NullMarked;
