/**
 * Sockets in virtual time: byte streams between and within simulated machines, with delay, bounded
 * buffers, breaks and cuts of whole routes; and the seams through which production code uses them.
 * What the bytes mean is not known here.
 */
@NullMarked
package io.vnsnap.simulation.net;

import org.jspecify.annotations.NullMarked;
