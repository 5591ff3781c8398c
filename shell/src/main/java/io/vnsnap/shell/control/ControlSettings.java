package io.vnsnap.shell.control;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Bounds of a node's control socket; documented in {@code reference.conf} under {@code
 * vnsnap.shell.control}.
 *
 * @param maxConnections connections at a time
 * @param maxRequestBytes bytes of one request
 * @param maxResponseBytes bytes of one response
 * @param idleTimeout after which a connection without a request is closed
 * @param consoleBufferBytes bytes of console output that wait for one slow reader
 */
public record ControlSettings(
    int maxConnections,
    int maxRequestBytes,
    int maxResponseBytes,
    Duration idleTimeout,
    int consoleBufferBytes) {

  /** Checks that each is positive. */
  public ControlSettings {
    if (maxConnections <= 0
        || maxRequestBytes <= 0
        || maxResponseBytes <= 0
        || idleTimeout.isNegative()
        || idleTimeout.isZero()
        || consoleBufferBytes <= 0) {
      throw new IllegalArgumentException("settings of the control socket must be positive");
    }
  }

  /** Reads {@code vnsnap.shell.control} of a whole configuration. */
  public static ControlSettings from(Config root) {
    Config c = root.getConfig("vnsnap.shell.control");
    return new ControlSettings(
        c.getInt("max-connections"),
        Math.toIntExact(c.getBytes("max-request-size")),
        Math.toIntExact(c.getBytes("max-response-size")),
        c.getDuration("idle-timeout"),
        Math.toIntExact(c.getBytes("console-buffer-size")));
  }
}
