package io.vnsnap.shell.node;

import java.io.IOException;

/** Starts real nodes: Akka cluster members with QEMU behind them. */
public final class ClusterNodeLauncher implements NodeLauncher {

  /** Called by {@link java.util.ServiceLoader}. */
  public ClusterNodeLauncher() {}

  @Override
  public RunningNode launch(NodeOptions options) throws NodeStartException {
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
