/**
 * The virtual network of a host, as the rest of the host sees it: the data plane with one event
 * loop for all frames, the share of a VNE's network that lives here, and the VNIC actors that own
 * and command the gates. How frames move is in the packages below; placing and wiring VMs is not
 * here.
 */
@NullMarked
package io.vnsnap.net;

import org.jspecify.annotations.NullMarked;
