/** VMs as a host of VNsnap has them, for benchmarks that need no actors. */
@NullMarked
package io.vnsnap.bench.vm;

import org.jspecify.annotations.NullMarked;
