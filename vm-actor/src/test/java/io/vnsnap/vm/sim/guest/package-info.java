/** Tests of guests and their programs, without machines around them. */
@NullMarked
package io.vnsnap.vm.sim.guest;

import org.jspecify.annotations.NullMarked;
