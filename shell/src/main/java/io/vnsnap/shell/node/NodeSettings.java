package io.vnsnap.shell.node;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Settings of a node itself; each key is explained in reference.conf under {@code vnsnap.node}.
 *
 * @param maxBlockingThreads threads for work that blocks, at a time
 * @param quickAsk longest wait for an answer that needs no work, such as a status
 * @param longAsk longest wait for the end of a long operation
 */
record NodeSettings(int maxBlockingThreads, Duration quickAsk, Duration longAsk) {

  static NodeSettings from(Config root) {
    Config node = root.getConfig("vnsnap.node");
    return new NodeSettings(
        node.getInt("max-blocking-threads"),
        node.getDuration("quick-ask"),
        node.getDuration("long-ask"));
  }
}
