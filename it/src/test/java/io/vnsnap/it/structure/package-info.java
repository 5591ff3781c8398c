/** Checks on the code itself: which way dependencies point. */
@NullMarked
package io.vnsnap.it.structure;

import org.jspecify.annotations.NullMarked;
