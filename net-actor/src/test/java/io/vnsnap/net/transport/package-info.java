/** Tests of what a data plane stands on. */
@NullMarked
package io.vnsnap.net.transport;

import org.jspecify.annotations.NullMarked;
