/** The launcher script, in a world of fake programs. */
@NullMarked
package io.vnsnap.it.launcher;

import org.jspecify.annotations.NullMarked;
