/** Placeholder. */
@NullMarked
package io.vnsnap.net;

import org.jspecify.annotations.NullMarked;
