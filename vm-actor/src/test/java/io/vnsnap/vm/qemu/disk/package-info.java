/** Tests of what is read from disks, on files that QEMU's own tools have made. */
@NullMarked
package io.vnsnap.vm.qemu.disk;

import org.jspecify.annotations.NullMarked;
