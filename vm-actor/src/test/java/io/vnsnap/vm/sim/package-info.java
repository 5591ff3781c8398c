/** Tests of the simulated hypervisor, on virtual time where nothing else is said. */
@NullMarked
package io.vnsnap.vm.sim;

import org.jspecify.annotations.NullMarked;
