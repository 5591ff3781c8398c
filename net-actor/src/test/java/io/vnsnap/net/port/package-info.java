/** Tests of ports. */
@NullMarked
package io.vnsnap.net.port;

import org.jspecify.annotations.NullMarked;
