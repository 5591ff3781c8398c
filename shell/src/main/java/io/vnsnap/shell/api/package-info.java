/**
 * The public client API: what a program, the command line and the demo use to deploy, snapshot and
 * restore VNEs. It knows neither actors nor sockets; a node implements it on its cluster, {@link
 * io.vnsnap.shell.control.ControlClient} over a node's control socket.
 */
@NullMarked
package io.vnsnap.shell.api;

import org.jspecify.annotations.NullMarked;
