/**
 * A link: switching by MAC address and flooding, at the sender's host, and the sending end of each
 * channel. Where shaping will sit. What a gate lets through, and how hosts are joined, is not here.
 */
@NullMarked
package io.vnsnap.net.link;

import org.jspecify.annotations.NullMarked;
