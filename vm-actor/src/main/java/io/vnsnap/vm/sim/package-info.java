/**
 * A hypervisor inside this JVM: its VMs are small programs over paged memory that exchange real
 * Ethernet frames through the same sockets as QEMU's. Here are the machine, its devices and its
 * captures; the programs, and the memory they live in, are in {@code io.vnsnap.vm.sim.guest}.
 * Nothing here has a thread, a clock or randomness of its own: all three come from {@link
 * io.vnsnap.vm.sim.SimulatedEnvironment}.
 */
@NullMarked
package io.vnsnap.vm.sim;

import org.jspecify.annotations.NullMarked;
