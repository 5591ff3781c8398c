/** Tests of sockets in virtual time. */
@NullMarked
package io.vnsnap.simulation.net;

import org.jspecify.annotations.NullMarked;
