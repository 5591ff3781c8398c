/** Tests of serial consoles. */
@NullMarked
package io.vnsnap.host.console;

import org.jspecify.annotations.NullMarked;
