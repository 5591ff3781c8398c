/**
 * QEMU's migration stream: taken apart as it arrives into pages of memory and the rest, and put
 * together again from a stored image. Knows nothing of processes, sockets or threads; {@code
 * docs/qemu-stream.md} has the layout.
 */
@NullMarked
package io.vnsnap.vm.qemu.stream;

import org.jspecify.annotations.NullMarked;
