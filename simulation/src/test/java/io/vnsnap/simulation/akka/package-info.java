/** Tests of the actor system without threads. */
@NullMarked
package io.vnsnap.simulation.akka;

import org.jspecify.annotations.NullMarked;
