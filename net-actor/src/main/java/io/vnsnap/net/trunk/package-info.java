/**
 * The trunk: one connection for each ordered pair of hosts, which carries the frames and markers of
 * all VNEs between them, in order, and goes on where it broke. Knows networks by number and VNICs
 * by number; what becomes of a frame is not decided here, nor what a connection is made of.
 */
@NullMarked
package io.vnsnap.net.trunk;

import org.jspecify.annotations.NullMarked;
