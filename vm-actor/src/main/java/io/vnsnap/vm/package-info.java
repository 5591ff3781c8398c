/**
 * The life of one VM: {@link io.vnsnap.vm.VmActor} decides, a {@link io.vnsnap.vm.Hypervisor} does.
 * Here are the interfaces every hypervisor implements and the protocol of one VM's cut; how QEMU is
 * driven lives in {@code io.vnsnap.vm.qemu}. Frames are not handled here: the VM actor commands the
 * VM's gates through {@link io.vnsnap.vm.Valves}, and whoever owns the gates implements that.
 */
@NullMarked
package io.vnsnap.vm;

import org.jspecify.annotations.NullMarked;
