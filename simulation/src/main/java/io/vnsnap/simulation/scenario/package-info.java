/**
 * What is done to a simulated cluster in one run, drawn from the run's seed, and what must hold
 * afterwards.
 */
@NullMarked
package io.vnsnap.simulation.scenario;

import org.jspecify.annotations.NullMarked;
