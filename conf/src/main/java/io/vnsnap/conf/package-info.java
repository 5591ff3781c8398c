/** Placeholder. */
@NullMarked
package io.vnsnap.conf;

import org.jspecify.annotations.NullMarked;
