/**
 * Virtual time, and the one queue of everything that is to happen: the simulated processes, their
 * event loops, chance. What runs in it is not known here.
 */
@NullMarked
package io.vnsnap.simulation.kernel;

import org.jspecify.annotations.NullMarked;
