/** Tests of the benchmarks' frame; the benchmarks themselves are no tests. */
@NullMarked
package io.vnsnap.bench;

import org.jspecify.annotations.NullMarked;
