/**
 * QEMU as a hypervisor: its command line and process, its control protocol QMP, and the streams by
 * which a VM's memory and devices leave and enter it. Knows nothing of snapshots of more than one
 * VM; what the streams consist of is known in {@code io.vnsnap.vm.qemu.stream}, and how a VM is fed
 * that runs before it is loaded, in {@code io.vnsnap.vm.qemu.lazy}.
 */
@NullMarked
package io.vnsnap.vm.qemu;

import org.jspecify.annotations.NullMarked;
