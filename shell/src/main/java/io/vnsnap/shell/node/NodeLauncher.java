package io.vnsnap.shell.node;

/** Starts nodes in this JVM. Found by {@link java.util.ServiceLoader}. */
public interface NodeLauncher {

  /**
   * Starts a node: cluster member, data plane, host actor if it is a host, and control socket.
   * Returns when it listens; it may not have been admitted to its cluster yet. Blocks: not for
   * actors or event loops.
   *
   * @throws NodeStartException if it cannot be started; nothing of it is left then
   */
  RunningNode launch(NodeOptions options) throws NodeStartException;
}
