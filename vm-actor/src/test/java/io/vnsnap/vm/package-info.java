/** Tests of the VM actor, and stand-ins for what it works with. */
@NullMarked
package io.vnsnap.vm;

import org.jspecify.annotations.NullMarked;
