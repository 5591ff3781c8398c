/** Tests of virtual time. */
@NullMarked
package io.vnsnap.simulation.kernel;

import org.jspecify.annotations.NullMarked;
