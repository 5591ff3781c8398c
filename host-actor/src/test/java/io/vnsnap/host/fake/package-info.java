/** A hypervisor without VMs, and a host around it, for this module's tests. */
@NullMarked
package io.vnsnap.host.fake;

import org.jspecify.annotations.NullMarked;
