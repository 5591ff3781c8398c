/** The simulation run as a test, and tests of the simulation itself. */
@NullMarked
package io.vnsnap.simulation;

import org.jspecify.annotations.NullMarked;
