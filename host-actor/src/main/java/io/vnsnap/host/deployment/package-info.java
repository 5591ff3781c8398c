/**
 * One VNE deployment's share of one host: its segment of the network, its VMs and VNICs, and the
 * parts of a snapshot while they come together. One actor per deployment decides; nothing here
 * knows other deployments or other hosts.
 */
@NullMarked
package io.vnsnap.host.deployment;

import org.jspecify.annotations.NullMarked;
