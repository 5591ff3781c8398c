/**
 * A simulated cluster: machines with the production coordinator, hosts and data plane on them, a
 * store, a journal, a control network, VMs that are slow and fail; and what can be done to all
 * that. What is done, and what must hold afterwards, is not decided here.
 */
@NullMarked
package io.vnsnap.simulation.world;

import org.jspecify.annotations.NullMarked;
