/**
 * A QEMU guest driven plainly, the way a script would, for what VNsnap is compared with. Shares no
 * code with VNsnap's own hypervisor.
 */
@NullMarked
package io.vnsnap.bench.qemu;

import org.jspecify.annotations.NullMarked;
