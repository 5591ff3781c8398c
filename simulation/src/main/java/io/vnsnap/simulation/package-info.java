/** The command {@code simulate}: runs seeds, one after another, and tells of those that fail. */
@NullMarked
package io.vnsnap.simulation;

import org.jspecify.annotations.NullMarked;
