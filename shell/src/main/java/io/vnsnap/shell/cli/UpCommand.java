package io.vnsnap.shell.cli;

import io.vnsnap.proto.RefusalCode;
import io.vnsnap.proto.Refused;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.Up;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.shell.api.RefusedException;
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
    VneReply reply = start(topology);
    context.screen().lines(StatusView.one(reply.getStatus(), context.screen().style()));
    return CommandLineInterface.OK;
  }

  private VneReply start(Topology topology) {
    VnsnapClient client = root.client();
    String vne = topology.getName();
    try {
      return ClientCommand.awaitReply(
          client,
          root.context().screen(),
          vne,
          "Starting " + vne,
          client.request(
              VneRequest.newBuilder()
                  .setVne(vne)
                  .setUp(Up.newBuilder().setTopology(topology))
                  .build()));
    } catch (CommandFailure e) {
      throw e.getCause() instanceof RefusedException refusal
          ? inFile(topology, refusal.refused(), e)
          : e;
    }
  }

  /** What the hosts cannot give to a VM is said of the line in the file that asks for it. */
  private CommandFailure inFile(Topology topology, Refused refused, CommandFailure failure) {
    if (refused.getCode() != RefusalCode.NOT_POSSIBLE) {
      return failure;
    }
    return topology.getVmsList().stream()
        .filter(vm -> vm.getName().equals(refused.getSubject()) && vm.getLine() > 0)
        .findFirst()
        .map(vm -> {
          String problem = "%s:%d: %s".formatted(file, vm.getLine(), refused.getReason());
          root.context().err().println(Plain.line(problem));
          return new CommandFailure(
              "nothing was started: the topology does not fit the hosts", failure);
        })
        .orElse(failure);
  }
}
