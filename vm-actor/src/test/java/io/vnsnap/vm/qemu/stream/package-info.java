/** Tests of taking QEMU's stream apart and putting it together: with streams written here. */
@NullMarked
package io.vnsnap.vm.qemu.stream;

import org.jspecify.annotations.NullMarked;
