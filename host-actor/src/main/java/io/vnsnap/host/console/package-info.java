/**
 * Serial consoles: reads what a guest says, remembers the last of it, and passes it to whoever is
 * attached.
 */
@NullMarked
package io.vnsnap.host.console;

import org.jspecify.annotations.NullMarked;
