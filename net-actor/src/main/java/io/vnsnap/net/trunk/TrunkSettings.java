package io.vnsnap.net.trunk;

import java.time.Duration;

/**
 * Bounds of the trunk.
 *
 * @param address told to other hosts, a name or number
 * @param bindAddress that the listener binds to
 * @param port of the listener; 0: any free one
 * @param queueBytes frames that wait for one connection, at most
 * @param markerReserve bytes beyond that which only markers may take
 * @param writeWindow bytes handed to the socket layer and not yet taken by the kernel, at most;
 *     they are lost when the connection breaks
 * @param firstBackoff pause after the first failed connection; doubles with each failure
 * @param maxBackoff the longest such pause
 * @param connectTimeout for one attempt
 * @param userTimeout how long the peer's kernel may leave data unacknowledged before the connection
 *     counts as broken
 * @param helloTimeout how long a new peer may take to say who it is
 * @param maxConnections from peers at a time
 */
public record TrunkSettings(
    String address,
    String bindAddress,
    int port,
    long queueBytes,
    long markerReserve,
    int writeWindow,
    Duration firstBackoff,
    Duration maxBackoff,
    Duration connectTimeout,
    Duration userTimeout,
    Duration helloTimeout,
    int maxConnections) {}
