/** Tests of ports and of the questions to the kernel. */
@NullMarked
package io.vnsnap.net.port;

import org.jspecify.annotations.NullMarked;
