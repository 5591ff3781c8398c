/**
 * What the data plane of a host stands on: one event loop, its clock, and the kind of connection
 * that joins hosts. TCP in production; a simulation brings its own. What is sent over a connection
 * is not known here.
 */
@NullMarked
package io.vnsnap.net.transport;

import org.jspecify.annotations.NullMarked;
