package io.vnsnap.shell.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.HostList;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.RefusalCode;
import io.vnsnap.proto.Refused;
import io.vnsnap.proto.Restored;
import io.vnsnap.proto.SnapshotList;
import io.vnsnap.proto.SnapshotTaken;
import io.vnsnap.proto.VmStatus;
import io.vnsnap.proto.VneList;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.shell.api.UnreachableException;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.shell.fake.FakeClient;
import io.vnsnap.shell.node.NodeOptions;
import io.vnsnap.shell.node.NodeStartException;
import io.vnsnap.shell.node.RunningNode;
import io.vnsnap.shell.render.Screen;
import io.vnsnap.shell.render.Style;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
class CommandLineInterfaceTest {
  private static final String SOCKET = "--socket=/run/x/a.sock";

  @TempDir private Path folder;
  private final FakeClient cluster = new FakeClient();
  private final List<Path> connected = new ArrayList<>();
  private final List<NodeOptions> launched = new ArrayList<>();
  private boolean launchFails;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... args) {
    return run(Map.of(), args);
  }

  private int run(Map<String, String> variables, String... args) {
    Map<String, String> environment = new HashMap<>(variables);
    environment.put("VNSNAP_RUN", folder.resolve("run").toString());
    environment.put("XDG_STATE_HOME", "/state");
    out.reset();
    err.reset();
    Screen screen = new Screen(stream(out), false, Style.PLAIN, 80);
    CliContext context =
        new CliContext(
            screen,
            stream(err),
            environment,
            ZoneOffset.UTC,
            socket -> {
              connected.add(socket);
              return cluster;
            },
            () -> this::launch);
    return new CommandLineInterface(context).run(args);
  }

  private RunningNode launch(NodeOptions options) throws NodeStartException {
    launched.add(options);
    if (launchFails || options.name().equals("taken")) {
      throw new NodeStartException("port 2551 is in use: give another --port", null);
    }
    return new RunningNode() {
      @Override
      public VnsnapClient client() {
        return cluster;
      }

      @Override
      public int port() {
        return options.network().port();
      }

      @Override
      public CompletionStage<String> whenEnded() {
        return CompletableFuture.completedFuture("asked to");
      }

      @Override
      public void close() {
        launched.remove(options);
      }
    };
  }

  private static PrintStream stream(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void shouldTakeTheSocketFromTheEnvironmentUnlessItIsNamed() {
    Map<String, String> variables = Map.of("VNSNAP_SOCKET", "/run/x/b.sock");
    assertThat(run(variables, "hosts")).isZero();
    assertThat(run(variables, "hosts", SOCKET)).isZero();
    assertThat(connected).containsExactly(Path.of("/run/x/b.sock"), Path.of("/run/x/a.sock"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | vnsnap: which command? (see vnsnap --help)",
        "frobnicate | vnsnap: Unmatched argument at index 0: 'frobnicate' (see vnsnap --help)",
        "up | vnsnap: Missing required parameter: 'FILE' (see vnsnap up --help)",
        "snapshot lab --mode slow | vnsnap: Invalid value for option '--mode': expected one of [AUTO, INSTANT, ROUNDS] (case-insensitive) but was 'slow' (see vnsnap snapshot --help)",
        "snapshot lab --mode instant --staging disk | vnsnap: --staging is for captures in rounds; leave it out, or use --mode rounds or auto (see vnsnap snapshot --help)",
        "snapshot lab --timeout -1 | vnsnap: --timeout takes 1 to 3600 seconds (see vnsnap snapshot --help)",
        "status a b | vnsnap: Unmatched argument at index 2: 'b' (see vnsnap status --help)",
        "host | vnsnap: Missing required option: '--name=NAME' (see vnsnap host --help)",
        "host --name A | vnsnap: --name A: 1 to 40 lower-case letters, digits and hyphens, not a"
            + " hyphen first (see vnsnap host --help)",
        "host --name a --port 70000 | vnsnap: --port takes 0 to 65535, not 70000 (see vnsnap host"
            + " --help)",
        "host --name a --seed b | vnsnap: --seed takes ADDRESS:PORT, not b (see vnsnap host"
            + " --help)",
        "host --name a --hypervisor xen | vnsnap: --hypervisor takes qemu or simulated, not xen"
            + " (see vnsnap host --help)",
        "host --name a --role king | vnsnap: --role takes host or coordinator, not king (see vnsnap"
            + " host --help)",
      })
  void shouldRefuseWrongUsageOnOneLine(String args, String message) {
    assertThat(run(args.isEmpty() ? new String[0] : args.split(" "))).isEqualTo(2);
    assertThat(err()).isEqualTo(message + "\n");
    assertThat(out()).isEmpty();
  }

  @Test
  void shouldPrintHelp() {
    assertThat(run("--help")).isZero();
    assertThat(out()).contains("Usage: vnsnap", "snapshot", "restore", "Exit status: 0 done");
    assertThat(run("restore", "--help")).isZero();
    assertThat(out()).contains("--place=VM=HOST", "--socket=PATH");
  }

  @Test
  void shouldPrintItsVersion() {
    assertThat(run("version")).isZero();
    assertThat(out()).matches("vnsnap [0-9]+\\.[0-9]+\\.[0-9]+.* \\(Java .*\\)\n");
  }

  @Test
  void shouldSayThatNoNodeRuns() {
    assertThat(run("hosts")).isEqualTo(1);
    assertThat(err())
        .isEqualTo(
            "vnsnap: no node runs here (looked in %s/run): start one with vnsnap host, or name its socket with --socket\n"
                .formatted(folder));
  }

  @Test
  void shouldPassRefusalsOnWithoutATrace() {
    cluster.onRequest =
        r ->
            FakeClient.done(
                VneReply.newBuilder()
                    .setRefused(
                        Refused.newBuilder()
                            .setCode(RefusalCode.NOT_NOW)
                            .setReason("VNE lab is down: bring it up\nfirst"))
                    .build());
    assertThat(run("snapshot", "lab", SOCKET)).isEqualTo(1);
    assertThat(err()).isEqualTo("vnsnap: VNE lab is down: bring it up first\n");
    assertThat(connected).containsExactly(Path.of("/run/x/a.sock"));
  }

  @Test
  void shouldPrintATraceWhenAskedTo() {
    cluster.onRequest =
        r -> CompletableFuture.failedFuture(new UnreachableException("the node ended", null));
    assertThat(run("down", "lab", SOCKET, "--verbose")).isEqualTo(1);
    assertThat(err()).startsWith("vnsnap: the node ended\n").contains("\tat ");
  }

  @Test
  void shouldShowStatusAndHosts() {
    cluster.vnes =
        VneList.newBuilder()
            .addVnes(VneStatus.newBuilder().setVne("lab").setPhase(Phase.RUNNING))
            .build();
    cluster.hosts =
        HostList.newBuilder().addHosts(HostDescription.newBuilder().setHost("a")).build();
    assertThat(run("status", SOCKET)).isZero();
    assertThat(out()).contains("lab  running");
    assertThat(run("status", "--json", SOCKET)).isZero();
    assertThat(out()).startsWith("[ {\n  \"vne\" : \"lab\"");
    assertThat(run("hosts", SOCKET)).isZero();
    assertThat(out()).contains("HOST", "ready");
    assertThat(run("hosts", "--json", SOCKET)).isZero();
    assertThat(out()).contains("\"host\" : \"a\"");
    assertThat(run("status", "lab", SOCKET)).isZero();
    assertThat(out()).startsWith("VNE lab: ");
  }

  @Test
  void shouldTakeASnapshotWithWhatWasAskedFor() {
    cluster.onRequest =
        r ->
            FakeClient.done(
                VneReply.newBuilder()
                    .setSnapshotTaken(
                        SnapshotTaken.newBuilder()
                            .setManifest(
                                Manifest.newBuilder()
                                    .setSnapshotId("s1")
                                    .setVne("lab")
                                    .setExact(true))
                            .setFramesHeld(7)
                            .setDurationMs(1500))
                    .build());
    assertThat(
            run(
                "snapshot",
                "lab",
                "--label",
                "before upgrade",
                "--strict",
                "--mode",
                "rounds",
                "--staging",
                "disk",
                "--timeout",
                "30",
                SOCKET))
        .isZero();
    VneRequest request = cluster.requests.get(0);
    assertThat(request.getVne()).isEqualTo("lab");
    assertThat(request.getTakeSnapshot().getLabel()).isEqualTo("before upgrade");
    assertThat(request.getTakeSnapshot().getStrict()).isTrue();
    assertThat(request.getTakeSnapshot().getMode().name()).isEqualTo("ROUNDS");
    assertThat(request.getTakeSnapshot().getStaging().name()).isEqualTo("DISK");
    assertThat(request.getTakeSnapshot().getDeadlineMs()).isEqualTo(30_000);
    assertThat(out()).contains("Snapshot s1 of VNE lab", "Took 1.5 s; 7 frames were held");
  }

  @Test
  void shouldShowProgressWhileItWaits() {
    CompletableFuture<VneReply> answer = new CompletableFuture<>();
    cluster.onRequest =
        r -> {
          if (r.hasGetStatus()) {
            answer.complete(
                VneReply.newBuilder().setSnapshotTaken(SnapshotTaken.getDefaultInstance()).build());
            return FakeClient.done(
                VneReply.newBuilder()
                    .setStatus(
                        VneStatus.newBuilder()
                            .setVne("lab")
                            .setPhase(Phase.SNAPSHOTTING)
                            .setStep("storing"))
                    .build());
          }
          return answer;
        };
    assertThat(run("snapshot", "lab", SOCKET)).isZero();
    assertThat(out()).startsWith("Snapshot of lab: snapshotting, storing\n");
  }

  @Test
  void shouldRestoreWithPlacement() {
    cluster.snapshots = list("lab-1");
    cluster.onRequest =
        r ->
            FakeClient.done(
                VneReply.newBuilder()
                    .setRestored(
                        Restored.newBuilder().setStatus(VneStatus.newBuilder().setVne("lab")))
                    .build());
    assertThat(run("restore", "lab", "--place", "vm1=b", "--place", "vm2=b", SOCKET)).isZero();
    assertThat(cluster.placement).isEqualTo(Map.of("vm1", "b", "vm2", "b"));
    assertThat(cluster.loading).isEqualTo(Loading.LAZY_IF_POSSIBLE);
    assertThat(run("restore", "lab", "--lazy", SOCKET)).isZero();
    assertThat(cluster.loading).isEqualTo(Loading.LAZY);
    assertThat(run("restore", "lab", "--no-lazy", SOCKET)).isZero();
    assertThat(cluster.loading).isEqualTo(Loading.FULL);
    assertThat(out()).contains("Restored from lab-1 in 0.0 ms.");
    assertThat(run("restore", "other", SOCKET)).isEqualTo(1);
    assertThat(err()).startsWith("vnsnap: no snapshot has the id");
  }

  private static SnapshotList list(String... ids) {
    SnapshotList.Builder list = SnapshotList.newBuilder();
    for (String id : ids) {
      list.addSnapshots(Manifest.newBuilder().setSnapshotId(id).setVne("lab"));
    }
    return list.build();
  }

  @Test
  void shouldDeleteOnlyWhenTold() {
    cluster.snapshots = list("lab-1");
    assertThat(run("delete", "lab-1", "--yes", SOCKET)).isZero();
    assertThat(cluster.deleted).containsExactly("lab-1");
    if (!Screen.isTerminal(0)) {
      assertThat(run("delete", "lab-1", SOCKET)).isEqualTo(1);
      assertThat(err()).endsWith("Say so with --yes\n");
    }
    assertThat(cluster.deleted).hasSize(1);
  }

  @Test
  void shouldDeleteSeveralOrNone() {
    cluster.snapshots = list("lab-1", "lab-2", "lab-3");
    assertThat(run("delete", "lab-1", "lab-9", "--yes", SOCKET)).isEqualTo(1);
    assertThat(err()).startsWith("vnsnap: no snapshot has the id, label or id prefix 'lab-9'");
    assertThat(run("delete", "lab-1", "lab-3", "--dry-run", SOCKET)).isZero();
    assertThat(out().lines()).hasSize(2).allMatch(line -> line.endsWith(", would be deleted"));
    assertThat(cluster.deleted).isEmpty();
    assertThat(run("delete", "lab-1", "lab-3", "lab-1", "--yes", "--json", SOCKET)).isZero();
    assertThat(out().replaceAll("\\s+", " "))
        .isEqualTo("{ \"dryRun\" : false, \"deleted\" : [ \"lab-1\", \"lab-3\" ] } ");
    assertThat(cluster.deleted).containsExactly("lab-1", "lab-3");
    assertThat(run("delete", SOCKET)).isEqualTo(2);
  }

  @Test
  void shouldReportAllProblemsOfATopologyBeforeItLooksForANode() throws IOException {
    Path file = folder.resolve("lab.yaml");
    Files.writeString(file, "name: lab\nvms:\n  - nam: vm1\n    memory: 16\n");
    assertThat(run("up", file.toString())).isEqualTo(1);
    assertThat(err())
        .isEqualTo(
            """
            FILE:3: a VM has no "name"; write name: vm1
            FILE:3: a VM has no key "nam"; write name
            vnsnap: nothing was started: the topology has 2 problems
            """
                .replace("FILE", file.toString()));
  }

  @Test
  void shouldBringAVneUp() throws IOException {
    Files.writeString(folder.resolve("vmlinuz"), "kernel");
    Path file = folder.resolve("lab.yaml");
    Files.writeString(file, "name: lab\nvms: [ { name: vm1, memory: 16, kernel: vmlinuz } ]\n");
    assertThat(run("up", file.toString(), SOCKET)).isZero();
    assertThat(cluster.requests.get(0).getUp().getTopology().getVms(0).getName()).isEqualTo("vm1");
  }

  @Test
  void shouldSayInWhichLineIsWhatNoHostCanGive() throws IOException {
    Files.writeString(folder.resolve("vmlinuz"), "kernel");
    Path file = folder.resolve("lab.yaml");
    Files.writeString(
        file,
        """
        name: lab
        vms:
          - { name: vm1, memory: 16, kernel: vmlinuz }
          - name: vm2
            memory: 64G
            kernel: vmlinuz
        """);
    refuse(RefusalCode.NOT_POSSIBLE, "vm2", "VM vm2 needs 65536 MiB, but on a 512 MiB are free");
    assertThat(run("up", file.toString(), SOCKET)).isEqualTo(1);
    assertThat(err())
        .isEqualTo(
            """
            FILE:4: VM vm2 needs 65536 MiB, but on a 512 MiB are free
            vnsnap: nothing was started: the topology does not fit the hosts
            """
                .replace("FILE", file.toString()));

    refuse(RefusalCode.NOT_POSSIBLE, "", "no host is usable");
    assertThat(run("up", file.toString(), SOCKET)).isEqualTo(1);
    assertThat(err()).isEqualTo("vnsnap: no host is usable\n");

    refuse(RefusalCode.FAILED, "vm2", "VM vm2 could not be started: QEMU is gone");
    assertThat(run("up", file.toString(), SOCKET)).isEqualTo(1);
    assertThat(err()).isEqualTo("vnsnap: VM vm2 could not be started: QEMU is gone\n");
  }

  private void refuse(RefusalCode code, String subject, String reason) {
    cluster.onRequest =
        request ->
            FakeClient.done(
                VneReply.newBuilder()
                    .setRefused(
                        Refused.newBuilder().setCode(code).setSubject(subject).setReason(reason))
                    .build());
  }

  @Test
  void shouldStartAHostWithItsOptions() {
    assertThat(
            run(
                "host",
                "--name",
                "a",
                "--address",
                "10.0.0.1",
                "--bind",
                "0.0.0.0",
                "--port",
                "7001",
                "--trunk-port",
                "7002",
                "--seed",
                "10.0.0.2:7001",
                "--seed",
                "h3:7001",
                "--memory",
                "4096",
                "--hypervisor",
                "simulated",
                "--state",
                "/s",
                "--store",
                "/t",
                "--socket",
                "/r/a.sock"))
        .isZero();
    assertThat(out())
        .isEqualTo(
            """
            Node a runs on 10.0.0.1:7001; its control socket is /r/a.sock. Ctrl-C ends it.
            Node a has ended: asked to
            """);
    assertThat(launched).isEmpty();
  }

  @Test
  void shouldGiveTheLauncherWhatWasTyped() {
    assertThat(run("host", "--name", "taken", "--seed", "h:1")).isEqualTo(1);
    assertThat(err()).isEqualTo("vnsnap: port 2551 is in use: give another --port\n");
    assertThat(launched)
        .containsExactly(
            new NodeOptions(
                "taken",
                Set.of("host"),
                new NodeOptions.Network(
                    "127.0.0.1", "127.0.0.1", 2551, 2552, List.of(new NodeOptions.Seed("h", 1))),
                new NodeOptions.Places(
                    folder.resolve("run/taken.sock"),
                    Path.of("/state/vnsnap/nodes/taken"),
                    Path.of("/state/vnsnap/store"),
                    Optional.empty()),
                0,
                ""));
    assertThat(run("coordinator", "--name", "taken")).isEqualTo(1);
    assertThat(launched.get(1).roles()).containsExactly("coordinator");
  }

  @Test
  void shouldJoinTheClusterThatTheSettingsName() throws IOException {
    Path file = Files.createFile(folder.resolve("v.conf"));
    assertThat(run("host", "--name", "taken", "--config", file.toString())).isEqualTo(1);
    assertThat(launched.get(0).roles()).containsExactlyInAnyOrder("host", "coordinator");
    assertThat(launched.get(0).places().config()).contains(file);
    Files.writeString(file, "akka.cluster.seed-nodes = [\"akka://vnsnap@10.0.0.1:2551\"]");
    assertThat(run("host", "--name", "taken", "--config", file.toString())).isEqualTo(1);
    assertThat(launched.get(1).roles()).containsExactly("host");
    assertThat(run("host", "--name", "taken", "--config", "/nowhere/v.conf")).isEqualTo(1);
    assertThat(err())
        .startsWith("vnsnap: the configuration cannot be read: ")
        .contains("/nowhere/v.conf");
    assertThat(launched).hasSize(2);
  }

  @Test
  void shouldTakeAFolderOrABucketAsStore() {
    assertThat(run("host", "--name", "taken", "--store", "s3://backups/lab")).isEqualTo(1);
    assertThat(launched.getLast().places().store()).isEqualTo("s3://backups/lab");
    assertThat(run("host", "--name", "taken", "--store", "/srv/../srv/store")).isEqualTo(1);
    assertThat(launched.getLast().places().store()).isEqualTo("/srv/store");
    assertThat(run("host", "--name", "taken", "--store", "http://backups/lab")).isEqualTo(2);
    assertThat(err()).contains("--store: 'http://backups/lab' is no place for a store");
    assertThat(launched).hasSize(2);
  }

  @Test
  void shouldFindTheVneOfAVm() {
    cluster.vnes =
        VneList.newBuilder().addVnes(vne("lab", "vm1", "vm2")).addVnes(vne("web", "vm1")).build();
    assertThat(run("console", "vm1", SOCKET)).isEqualTo(1);
    assertThat(err())
        .isEqualTo("vnsnap: several VNEs have a VM of that name: write lab/vm1 or web/vm1\n");
    assertThat(run("console", "vm9", SOCKET)).isEqualTo(1);
    assertThat(err()).isEqualTo("vnsnap: no VNE has a VM of the name vm9: see vnsnap status\n");
  }

  private static VneStatus vne(String name, String... vms) {
    VneStatus.Builder vne = VneStatus.newBuilder().setVne(name);
    for (String vm : vms) {
      vne.addVms(VmStatus.newBuilder().setVm(vm));
    }
    return vne.build();
  }

  @Test
  void shouldSayThatADemoWithoutQemuRunsOnSimulatedVms() {
    launchFails = true;
    assertThat(run("demo")).isEqualTo(1);
    assertThat(out())
        .contains(
            "It runs on simulated VMs, not on QEMU: qemu-system-x86_64 is not on the PATH; to have"
                + " it, apt-get install qemu-system-x86\n",
            "FAIL: a node cannot be started: port 2551 is in use: give another --port\n");
    assertThat(run("demo", "--simulated")).isEqualTo(1);
    assertThat(out()).contains("It runs on simulated VMs, not on QEMU: --simulated asks for it\n");
  }
}
