/**
 * Tests of the coordinator: pure ones of what it decides, and ones against probe hosts under a
 * clock that the test moves.
 */
@NullMarked
package io.vnsnap.coordinator;

import org.jspecify.annotations.NullMarked;
