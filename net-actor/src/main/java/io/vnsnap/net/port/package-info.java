/**
 * The socket of a VNIC: QEMU's stream framing over a socket, and whether either side has read
 * everything. Decides nothing about frames.
 */
@NullMarked
package io.vnsnap.net.port;

import org.jspecify.annotations.NullMarked;
