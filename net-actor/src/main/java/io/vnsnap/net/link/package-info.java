/**
 * A link, at the sender's host: what delay, loss and rate do to a VNIC's frames, switching by MAC
 * address and flooding, and the sending end of each channel. What a gate lets through, and how
 * hosts are joined, is not here.
 */
@NullMarked
package io.vnsnap.net.link;

import org.jspecify.annotations.NullMarked;
