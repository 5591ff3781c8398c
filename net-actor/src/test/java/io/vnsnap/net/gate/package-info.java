/** Tests of the gate, under a simulated clock and with ports that are no sockets. */
@NullMarked
package io.vnsnap.net.gate;

import org.jspecify.annotations.NullMarked;
