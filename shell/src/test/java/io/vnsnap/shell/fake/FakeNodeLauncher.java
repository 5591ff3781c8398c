package io.vnsnap.shell.fake;

import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.control.ControlServer;
import io.vnsnap.shell.control.ControlSettings;
import io.vnsnap.shell.node.NodeLauncher;
import io.vnsnap.shell.node.NodeOptions;
import io.vnsnap.shell.node.NodeStartException;
import io.vnsnap.shell.node.RunningNode;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Nodes that have a control socket and nothing behind it, in this JVM or in the ones tests start.
 */
public final class FakeNodeLauncher implements NodeLauncher {

  @Override
  public RunningNode launch(NodeOptions options) throws NodeStartException {
    if (options.name().equals("taken")) {
      throw new NodeStartException("the name taken is taken: give another --name", null);
    }
    FakeClient client = new FakeClient();
    try {
      ControlServer server =
          ControlServer.start(
              options.places().socket(),
              client,
              new ControlSettings(8, 1024, 1024, Duration.ofSeconds(20), 1024));
      return new FakeNode(options, client, server);
    } catch (IOException e) {
      throw new NodeStartException(String.valueOf(e.getMessage()), e);
    }
  }

  private record FakeNode(NodeOptions options, FakeClient fake, ControlServer server)
      implements RunningNode {
    @Override
    public VnsnapClient client() {
      return fake;
    }

    @Override
    public int port() {
      return options.network().port();
    }

    @Override
    public CompletionStage<String> whenEnded() {
      return new CompletableFuture<>();
    }

    @Override
    public void close() {
      server.close();
    }
  }
}
