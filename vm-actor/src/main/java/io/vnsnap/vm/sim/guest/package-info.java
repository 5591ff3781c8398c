/**
 * What runs inside a simulated VM: paged memory, a tiny kernel that takes frames from its network
 * cards, and the programs that verify that nothing was lost, doubled, reordered or torn. All state
 * of a guest is in its {@link io.vnsnap.vm.sim.guest.GuestMemory}; the objects here hold addresses
 * and the command line only, so that a guest built over loaded memory goes on where it was. What a
 * guest needs of its machine it gets through {@link io.vnsnap.vm.sim.guest.Hardware}; sockets,
 * pausing and images are not known here.
 */
@NullMarked
package io.vnsnap.vm.sim.guest;

import org.jspecify.annotations.NullMarked;
