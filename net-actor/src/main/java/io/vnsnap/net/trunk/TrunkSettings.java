package io.vnsnap.net.trunk;

import java.time.Duration;

/**
 * Where the trunk listens, and its bounds.
 *
 * @param place of the listener
 * @param sending bounds of each trunk that begins here
 * @param receiving bounds of what comes from other hosts
 */
public record TrunkSettings(Place place, Sending sending, Receiving receiving) {

  /**
   * Where the listener is.
   *
   * @param address told to other hosts, a name or number
   * @param bindAddress that the listener binds to
   * @param port of the listener; 0: any free one
   */
  public record Place(String address, String bindAddress, int port) {}

  /**
   * Bounds of each trunk that begins here.
   *
   * @param queueBytes memory for records that wait or are not acknowledged yet, at most
   * @param markerReserve bytes beyond that which only markers may take
   * @param writeWindow bytes handed to the socket layer and not yet taken by the kernel, at most
   * @param firstBackoff pause after the first failed connection; doubles with each failure
   * @param maxBackoff the longest such pause
   * @param connectTimeout for one attempt
   * @param userTimeout how long the peer's kernel may leave data unacknowledged before the
   *     connection counts as broken
   * @param welcomeTimeout how long the peer may take to answer the hello
   */
  public record Sending(
      long queueBytes,
      long markerReserve,
      int writeWindow,
      Duration firstBackoff,
      Duration maxBackoff,
      Duration connectTimeout,
      Duration userTimeout,
      Duration welcomeTimeout) {}

  /**
   * Bounds of what comes from other hosts.
   *
   * @param helloTimeout how long a new peer may take to say who it is
   * @param maxConnections from peers at a time; as many ended sessions are remembered
   * @param acknowledgeBytes received, after which they are acknowledged at once
   * @param acknowledgeDelay after which any others are
   * @param readLimit bytes of frames that wait on this host, beyond which no trunk is read
   */
  public record Receiving(
      Duration helloTimeout,
      int maxConnections,
      int acknowledgeBytes,
      Duration acknowledgeDelay,
      long readLimit) {}
}
