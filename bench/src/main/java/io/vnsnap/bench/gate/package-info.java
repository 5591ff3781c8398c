/**
 * {@code vnsnap bench gate}: frames through port, gate, link, gate and port, on one host and over
 * the trunk between two JVMs, beside a plain relay. Nothing else of VNsnap, and no QEMU: both ends
 * are threads that speak QEMU's stream framing.
 */
@NullMarked
package io.vnsnap.bench.gate;

import org.jspecify.annotations.NullMarked;
