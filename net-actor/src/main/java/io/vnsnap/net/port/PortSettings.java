package io.vnsnap.net.port;

import java.time.Duration;

/**
 * Bounds of a port.
 *
 * @param writeWindow bytes handed to the socket layer and not yet taken by the kernel, at most;
 *     beyond it frames wait at the gate, where they can still be held back
 * @param readBuffer bytes read at once, at most
 * @param connectRetry pause between two attempts to connect
 */
public record PortSettings(int writeWindow, int readBuffer, Duration connectRetry) {}
