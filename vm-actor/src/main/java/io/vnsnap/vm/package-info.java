/** Placeholder. */
@NullMarked
package io.vnsnap.vm;

import org.jspecify.annotations.NullMarked;
