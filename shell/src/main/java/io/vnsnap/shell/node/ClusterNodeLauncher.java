package io.vnsnap.shell.node;

import io.vnsnap.vm.ThreadScheduling;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts real nodes: Akka cluster members with QEMU behind them. */
public final class ClusterNodeLauncher implements NodeLauncher {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterNodeLauncher.class);

  /** Called by {@link java.util.ServiceLoader}. */
  public ClusterNodeLauncher() {}

  @Override
  public RunningNode launch(NodeOptions options) throws NodeStartException {
    if (!ThreadScheduling.prompt()) {
      LOG.info("the kernel does not let this node's threads be scheduled promptly");
    }
    Resources resources = new Resources();
    boolean started = false;
    try {
      RunningNode node = ClusterNode.start(options, resources);
      started = true;
      return node;
    } catch (IOException | RuntimeException e) {
      throw new NodeStartException(reason(e), e);
    } finally {
      if (!started) {
        resources.close();
      }
    }
  }

  private static String reason(Exception e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }
}
