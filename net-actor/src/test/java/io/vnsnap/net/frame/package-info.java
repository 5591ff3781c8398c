/** Tests of how streams of bytes are cut into frames. */
@NullMarked
package io.vnsnap.net.frame;

import org.jspecify.annotations.NullMarked;
