@NullMarked
package io.vnsnap.vm.qemu.lazy;

import org.jspecify.annotations.NullMarked;
