/**
 * What the data plane of a host stands on: one event loop, its clock and buffers, the kind of
 * connection that joins hosts, and the kind that leads to VMs, with the kernel's counters of what
 * is on its way. TCP and UNIX sockets in production; a simulation brings its own. What is sent over
 * a connection is not known here.
 */
@NullMarked
package io.vnsnap.net.transport;

import org.jspecify.annotations.NullMarked;
