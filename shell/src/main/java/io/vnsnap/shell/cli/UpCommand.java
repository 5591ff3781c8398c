package io.vnsnap.shell.cli;

import io.vnsnap.proto.Topology;
import io.vnsnap.proto.Up;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.render.Plain;
import io.vnsnap.shell.render.StatusView;
import io.vnsnap.shell.topology.TopologyFile;
import io.vnsnap.shell.topology.TopologyFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code vnsnap up}. The file is read before a node is looked for. */
@Command(name = "up", description = "Place and boot the VNE that a topology file describes.")
final class UpCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(paramLabel = "FILE", description = "Topology file (YAML); see conf/topology.md.")
  private @Nullable Path file;

  UpCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    CliContext context = root.context();
    Topology topology;
    try {
      topology = TopologyFile.read(Objects.requireNonNull(file), context.environment());
    } catch (TopologyFileException e) {
      List<String> problems = e.problems();
      problems.forEach(problem -> context.err().println(Plain.line(problem)));
      throw new CommandFailure(
          problems.size() == 1
              ? "nothing was started: the topology has a problem"
              : "nothing was started: the topology has %d problems".formatted(problems.size()),
          e);
    }
    VnsnapClient client = root.client();
    String vne = topology.getName();
    VneReply reply =
        ClientCommand.awaitReply(
            client,
            context.screen(),
            vne,
            "Starting " + vne,
            client.request(
                VneRequest.newBuilder()
                    .setVne(vne)
                    .setUp(Up.newBuilder().setTopology(topology))
                    .build()));
    context.screen().lines(StatusView.one(reply.getStatus(), context.screen().style()));
    return CommandLineInterface.OK;
  }
}
