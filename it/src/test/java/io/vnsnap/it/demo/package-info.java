/** The demo as its users run it: a process of its own that leaves nothing behind. */
@NullMarked
package io.vnsnap.it.demo;

import org.jspecify.annotations.NullMarked;
