/**
 * What the files behind a disk hold: where its data lies, which of it has changed, and its content,
 * block by block. Works on files that nobody writes to; knows nothing of QEMU processes or
 * snapshots.
 */
@NullMarked
package io.vnsnap.vm.qemu.disk;

import org.jspecify.annotations.NullMarked;
