/**
 * Whole VNEs on real clusters: three nodes, real QEMU guests, real sockets. What one module can
 * test alone is not here.
 */
@NullMarked
package io.vnsnap.it.vne;

import org.jspecify.annotations.NullMarked;
