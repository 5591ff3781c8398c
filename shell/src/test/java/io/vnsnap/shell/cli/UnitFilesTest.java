package io.vnsnap.shell.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.shell.fake.FakeClient;
import io.vnsnap.shell.node.NodeOptions;
import io.vnsnap.shell.node.NodeStartException;
import io.vnsnap.shell.render.Screen;
import io.vnsnap.shell.render.Style;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The service units, by the options that they show as an example. */
@Timeout(30)
class UnitFilesTest {
  private static final Path UNITS = Path.of("../conf/systemd");

  private static List<String> unit(String command) throws IOException {
    return Files.readAllLines(UNITS.resolve("vnsnap-" + command + ".service"));
  }

  private static List<String> values(List<String> unit, String key) {
    return unit.stream()
        .filter(line -> line.startsWith(key + "="))
        .map(line -> line.substring(key.length() + 1))
        .toList();
  }

  /** What the unit would start if its options were those of the example. */
  private static NodeOptions example(String command) throws IOException {
    String options =
        values(
                unit(command).stream().map(s -> s.replaceFirst("^# +", "")).toList(),
                "VNSNAP_OPTIONS")
            .get(0);
    List<NodeOptions> launched = new ArrayList<>();
    PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
    CliContext context =
        new CliContext(
            new Screen(nowhere, false, Style.PLAIN, 80),
            nowhere,
            Map.of("VNSNAP_RUN", "/run/vnsnap", "XDG_STATE_HOME", "/var/lib"),
            ZoneOffset.UTC,
            socket -> new FakeClient(),
            () ->
                taken -> {
                  launched.add(taken);
                  throw new NodeStartException("this is a test", null);
                });
    String[] line =
        Stream.concat(Stream.of(command), Stream.of(options.split(" "))).toArray(String[]::new);
    assertThat(new CommandLineInterface(context).run(line)).isEqualTo(CommandLineInterface.FAILED);
    assertThat(launched).hasSize(1);
    return launched.get(0);
  }

  @Test
  void shouldRunACoordinatorAndAHostOnOneMachine() throws IOException {
    NodeOptions coordinator = example("coordinator");
    NodeOptions host = example("host");

    assertThat(coordinator.name()).isNotEqualTo(host.name());
    assertThat(coordinator.network().port()).isNotEqualTo(host.network().port());
    assertThat(host.network().seeds())
        .containsExactly(
            new NodeOptions.Seed(coordinator.network().address(), coordinator.network().port()));
    assertThat(coordinator.places().store()).isEqualTo(host.places().store());
    assertThat(coordinator.places().state()).isNotEqualTo(host.places().state());
    assertThat(values(unit("coordinator"), "EnvironmentFile"))
        .containsExactly("/etc/default/vnsnap-coordinator");
    assertThat(values(unit("host"), "EnvironmentFile")).containsExactly("/etc/default/vnsnap-host");
  }

  @Test
  void shouldKeepTheSocketOfTheUnitThatGoesOn() throws IOException {
    for (String command : List.of("coordinator", "host")) {
      assertThat(values(unit(command), "RuntimeDirectory")).containsExactly("vnsnap");
      assertThat(values(unit(command), "RuntimeDirectoryPreserve")).containsExactly("yes");
      assertThat(values(unit(command), "Environment")).containsExactly("VNSNAP_RUN=/run/vnsnap");
    }
  }

  @Test
  void shouldLetACoordinatorWriteWhatItMust() throws IOException {
    List<String> unit = unit("coordinator");
    assertThat(values(unit, "ProtectSystem")).containsExactly("strict");
    assertThat(values(unit, "PrivateTmp")).containsExactly("yes");
    assertThat(values(unit, "ReadWritePaths"))
        .containsExactly("-" + example("coordinator").places().store());
    assertThat(values(unit, "StateDirectory")).containsExactly("vnsnap");
  }
}
