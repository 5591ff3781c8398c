/** Tests of QEMU as a hypervisor: against scripted servers, and against the installed QEMU. */
@NullMarked
package io.vnsnap.vm.qemu;

import org.jspecify.annotations.NullMarked;
