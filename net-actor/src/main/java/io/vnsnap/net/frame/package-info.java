/**
 * What a frame looks like on the data path, how byte streams are cut into frames, and how drops are
 * counted. Knows no sockets, gates or links.
 */
@NullMarked
package io.vnsnap.net.frame;

import org.jspecify.annotations.NullMarked;
