/**
 * TCP goodput between two guests of a whole VNE, without and with snapshots going on, by what the
 * guests themselves have received and verified. Frames on the way of which no guest knows are in
 * {@link io.vnsnap.bench.gate}.
 */
@NullMarked
package io.vnsnap.bench.goodput;

import org.jspecify.annotations.NullMarked;
