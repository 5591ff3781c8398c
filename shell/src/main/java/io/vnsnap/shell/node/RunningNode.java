package io.vnsnap.shell.node;

import io.vnsnap.shell.api.VnsnapClient;
import java.util.concurrent.CompletionStage;

/** A node that runs in this JVM. May be used by several threads. */
public interface RunningNode extends AutoCloseable {

  /** A client of the cluster that the node is a member of; usable as long as the node runs. */
  VnsnapClient client();

  /** The TCP port of its cluster messages: what others give as seed. */
  int port();

  /**
   * Completes when the node has ended, with one line that says why; also when the cluster removed
   * it.
   */
  CompletionStage<String> whenEnded();

  /**
   * Leaves the cluster and ends the node, with the VMs that run on it. Blocks until it is done,
   * within the node's own deadlines. Closing twice is allowed.
   */
  @Override
  void close();
}
