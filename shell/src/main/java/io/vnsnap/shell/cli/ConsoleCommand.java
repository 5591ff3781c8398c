package io.vnsnap.shell.cli;

import io.vnsnap.proto.VmStatus;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.shell.api.ConsoleSession;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.render.Screen;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code vnsnap console}. */
@Command(
    name = "console",
    description = {
      "Attach to the serial console of a VM. Ctrl-] detaches; the VM goes on.",
      "When standard input is not a terminal, it is typed into the console, and output goes on after its end."
    })
final class ConsoleCommand extends ClientCommand {
  private static final int STANDARD_INPUT = 0;

  @Parameters(
      paramLabel = "[VNE/]VM",
      description = "The VM; its name alone will do when only one VNE has a VM of that name.")
  private String target = "";

  ConsoleCommand(RootCommand root) {
    super(root);
  }

  private record Place(String vne, String vm) {
    @Override
    public String toString() {
      return vne + "/" + vm;
    }
  }

  @Override
  void run(VnsnapClient client) {
    Place place = resolve(client);
    boolean terminal = Screen.isTerminal(STANDARD_INPUT);
    try (ConsoleTerminal console =
        terminal ? ConsoleTerminal.raw() : ConsoleTerminal.standardStreams()) {
      if (terminal) {
        context().err().println("Attached to " + place + ". Detach with Ctrl-].\r");
      }
      ConsoleRelay relay = new ConsoleRelay(console.output());
      try (ConsoleSession session = client.console(place.vne, place.vm, relay)) {
        console.copyInput(session, relay.ended());
      }
      if (relay.ended().isDone()) {
        throw new CommandFailure("console of %s closed: %s".formatted(place, relay.ended().join()));
      }
      if (terminal) {
        context().err().println("\r\nDetached from " + place + ".\r");
      }
    } catch (IOException e) {
      throw new CommandFailure("the terminal failed: " + e.getMessage(), e);
    }
  }

  private Place resolve(VnsnapClient client) {
    int slash = target.indexOf('/');
    if (slash >= 0) {
      return new Place(target.substring(0, slash), target.substring(slash + 1));
    }
    List<Place> places = new ArrayList<>();
    for (VneStatus vne : await(client.vnes()).getVnesList()) {
      for (VmStatus vm : vne.getVmsList()) {
        if (vm.getVm().equals(target)) {
          places.add(new Place(vne.getVne(), target));
        }
      }
    }
    if (places.isEmpty()) {
      throw new CommandFailure(
          "no VNE has a VM of the name %s: see vnsnap status".formatted(target));
    }
    if (places.size() > 1) {
      throw new CommandFailure(
          "several VNEs have a VM of that name: write "
              + String.join(" or ", places.stream().map(Place::toString).toList()));
    }
    return places.get(0);
  }
}
