/** Placeholder. */
@NullMarked
package io.vnsnap.shell;

import org.jspecify.annotations.NullMarked;
