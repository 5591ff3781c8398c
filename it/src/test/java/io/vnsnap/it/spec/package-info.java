/**
 * Runs the checked specifications under {@code docs/spec/} with SPIN: the protocol as it is must
 * pass an exhaustive search, and each mistake put into it must be found. Nothing here touches the
 * production code.
 */
@NullMarked
package io.vnsnap.it.spec;

import org.jspecify.annotations.NullMarked;
