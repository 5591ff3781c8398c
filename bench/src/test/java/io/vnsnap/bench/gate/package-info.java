/** Tests of the gate benchmark: its report, and one small run of each route. */
@NullMarked
package io.vnsnap.bench.gate;

import org.jspecify.annotations.NullMarked;
