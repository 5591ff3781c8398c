/**
 * The socket of a VNIC: QEMU's stream framing over a UNIX domain socket, and the two kernel
 * counters that tell whether either side has read everything. Decides nothing about frames.
 */
@NullMarked
package io.vnsnap.net.port;

import org.jspecify.annotations.NullMarked;
