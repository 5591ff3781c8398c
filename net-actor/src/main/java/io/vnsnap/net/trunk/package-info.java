/**
 * The trunk: one TCP connection for each ordered pair of hosts, which carries the frames and
 * markers of all VNEs between them, in order. Knows networks by number and VNICs by number; what
 * becomes of a frame is not decided here. Encryption will sit between the connection and the
 * records.
 */
@NullMarked
package io.vnsnap.net.trunk;

import org.jspecify.annotations.NullMarked;
