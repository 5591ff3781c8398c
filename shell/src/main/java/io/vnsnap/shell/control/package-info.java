/**
 * The control socket: how the short-lived {@code vnsnap} command talks to the node on this machine.
 * Framing, limits and the socket's file are here; what a request means is decided by the {@link
 * io.vnsnap.shell.api.VnsnapClient} behind the server.
 */
@NullMarked
package io.vnsnap.shell.control;

import org.jspecify.annotations.NullMarked;
