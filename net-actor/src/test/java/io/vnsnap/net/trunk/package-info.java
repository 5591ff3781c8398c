/** Tests of the trunk over a simulated transport, and of its formats. */
@NullMarked
package io.vnsnap.net.trunk;

import org.jspecify.annotations.NullMarked;
