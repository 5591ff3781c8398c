/**
 * The coordinator of a VNE: one persistent entity each, which deploys, snapshots, restores and
 * takes down, and knows hosts only by messages. What a step decides lives in plain classes without
 * actors; {@link io.vnsnap.coordinator.VneCoordinator} persists, sends and waits for them. Moving
 * frames, capturing memory and storing bytes are the hosts' business and not here.
 */
@NullMarked
package io.vnsnap.coordinator;

import org.jspecify.annotations.NullMarked;
