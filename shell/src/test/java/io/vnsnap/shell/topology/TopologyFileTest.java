package io.vnsnap.shell.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vnsnap.proto.DiskSpec;
import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Shape;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(30)
class TopologyFileTest {
  private static final String GOOD =
      """
      name: lab
      links: { lan: {} }
      vms:
        - name: vm1
          memory: 128M
          cpus: 2
          kernel: ${KIT}/vmlinuz
          initramfs: initramfs.gz
          command-line: console=ttyS0 quiet
          host: a
          disks: [ { name: root, file: root.qcow2, format: qcow2, read-only: true } ]
          nics: [ { name: eth0, link: lan, mac: "52:54:00:00:00:0A" } ]
        - name: vm2
          memory: 2G
          kernel: ${KIT}/vmlinuz
          nics:
            - name: eth0
              link: lan
      """;

  @TempDir private Path folder;
  private Path file = Path.of("/");
  private Map<String, String> environment = Map.of();

  @BeforeEach
  void makeFiles() throws IOException {
    file = folder.resolve("lab.yaml");
    environment = Map.of("KIT", folder.toString());
    for (String name : List.of("vmlinuz", "initramfs.gz", "root.qcow2")) {
      Files.writeString(folder.resolve(name), name);
    }
  }

  private Topology read(String text) throws Exception {
    Files.writeString(file, text);
    return TopologyFile.read(file, environment);
  }

  /** The problems, with the folder's name taken out. */
  private List<String> problems(byte[] bytes) throws IOException {
    Files.write(file, bytes);
    TopologyFileException e =
        catchThrowableOfType(
            TopologyFileException.class, () -> TopologyFile.read(file, environment));
    return Objects.requireNonNull(e).problems().stream()
        .map(p -> p.replace(folder + "/", ""))
        .toList();
  }

  private List<String> problems(String text) throws IOException {
    return problems(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void shouldReadEverything() throws Exception {
    assertThat(read(GOOD))
        .isEqualTo(
            Topology.newBuilder()
                .setName("lab")
                .addLinks(LinkSpec.newBuilder().setName("lan").setLine(2))
                .addVms(
                    VmSpec.newBuilder()
                        .setName("vm1")
                        .setMemoryMib(128)
                        .setCpus(2)
                        .setKernel(folder + "/vmlinuz")
                        .setInitramfs(folder + "/initramfs.gz")
                        .setCommandLine("console=ttyS0 quiet")
                        .setHost("a")
                        .setLine(4)
                        .addDisks(
                            DiskSpec.newBuilder()
                                .setName("root")
                                .setFile(folder + "/root.qcow2")
                                .setFormat("qcow2")
                                .setReadOnly(true)
                                .setLine(11))
                        .addVnics(
                            VnicSpec.newBuilder()
                                .setName("eth0")
                                .setLink("lan")
                                .setMac("52:54:00:00:00:0a")
                                .setLine(12)))
                .addVms(
                    VmSpec.newBuilder()
                        .setName("vm2")
                        .setMemoryMib(2048)
                        .setCpus(1)
                        .setKernel(folder + "/vmlinuz")
                        .setLine(13)
                        .addVnics(
                            VnicSpec.newBuilder()
                                .setName("eth0")
                                .setLink("lan")
                                .setMac(MacAddress.of("lab", "vm2", "eth0"))
                                .setLine(17)))
                .build());
  }

  @Test
  void shouldDeriveTheSameMacAlways() {
    assertThat(MacAddress.of("lab", "vm1", "eth0"))
        .isEqualTo(MacAddress.of("lab", "vm1", "eth0"))
        .matches("02(:[0-9a-f]{2}){5}")
        .isNotEqualTo(MacAddress.of("lab", "vm1", "eth1"))
        .isNotEqualTo(MacAddress.of("lab2", "vm1", "eth0"));
  }

  @ParameterizedTest
  @MethodSource
  void shouldTakeLinksAsAListOrAGroup(String links) throws Exception {
    assertThat(read(GOOD.replace("links: { lan: {} }", links)).getLinksList())
        .extracting(LinkSpec::getName)
        .containsExactly("lan", "wan");
  }

  static Stream<String> shouldTakeLinksAsAListOrAGroup() {
    return Stream.of(
        "links: [ lan, wan ]", "links: { lan: , wan: {} }", "links:\n  - lan\n  - wan");
  }

  @Test
  void shouldReadTheShapesOfLinksAndCards() throws Exception {
    Topology topology =
        read(
            GOOD.replace(
                    "lan: {}",
                    "lan: { delay: 50ms, jitter: 500us, loss: 0.1%, rate: 1.5mbit, queue: 64KiB, reorder: 2%, seed: -7 }")
                .replace("00:0A\"", "00:0A\", to-link: { rate: 56 kbit, queue: 2000B, loss: 0% }"));
    assertThat(topology.getLinks(0).getShape())
        .isEqualTo(
            Shape.newBuilder()
                .setDelayUs(50_000)
                .setJitterUs(500)
                .setLossPpm(1000)
                .setRateBps(1_500_000)
                .setQueueBytes(65_536)
                .setReorderPpm(20_000)
                .setSeed(-7)
                .build());
    assertThat(topology.getVms(0).getVnics(0).getShape())
        .isEqualTo(Shape.newBuilder().setRateBps(56_000).setQueueBytes(2000).setLossPpm(0).build());
    assertThat(topology.getVms(1).getVnics(0).hasShape()).isFalse();
  }

  @ParameterizedTest
  @MethodSource
  void shouldReadMemory(String written, int mib) throws Exception {
    assertThat(read(GOOD.replace("128M", written)).getVms(0).getMemoryMib()).isEqualTo(mib);
  }

  static Stream<Arguments> shouldReadMemory() {
    return Stream.of(
        Arguments.of("512", 512),
        Arguments.of("512M", 512),
        Arguments.of("512 MiB", 512),
        Arguments.of("1G", 1024),
        Arguments.of("\"2GiB\"", 2048));
  }

  /**
   * What is changed in the good file, and the messages that come of it, with a bar between them.
   */
  @ParameterizedTest
  @MethodSource
  void shouldNameLineAndRemedy(String from, String to, String message) throws IOException {
    assertThat(GOOD).contains(from);
    assertThat(problems(GOOD.replace(from, to))).containsExactly(message.split("\\|"));
  }

  static Stream<Arguments> shouldNameLineAndRemedy() {
    return Stream.of(
        Arguments.of(
            "memory: 128M",
            "memori: 128M",
            "lab.yaml:4: a VM has no \"memory\"; write memory: 128M|lab.yaml:5: a VM has no key \"memori\"; write memory"),
        Arguments.of(
            "host: a",
            "colour: red",
            "lab.yaml:10: a VM has no key \"colour\"; its keys are name, memory, cpus, host, kernel, initramfs, command-line, disks, nics"),
        Arguments.of(
            "memory: 128M",
            "memory: lots",
            "lab.yaml:5: memory is \"lots\"; write MiB, or a number with M or G: 512, 512M or 2G"),
        Arguments.of(
            "memory: 128M",
            "memory: [ 128 ]",
            "lab.yaml:5: \"memory\" must be text, not a list; write memory: 128M"),
        Arguments.of(
            "memory: 128M",
            "memory: 4M",
            "lab.yaml:4: VM \"vm1\": memory is 4 MiB; write 16 to 1048576 MiB"),
        Arguments.of(
            "cpus: 2",
            "cpus: two",
            "lab.yaml:6: \"cpus\" must be a whole number, not \"two\"; write cpus: 1"),
        Arguments.of("cpus: 2", "cpus: 0", "lab.yaml:4: VM \"vm1\": has 0 CPUs; write 1 to 255"),
        Arguments.of(
            "initramfs: initramfs.gz",
            "initramfs: missing.gz",
            "lab.yaml:8: initramfs missing.gz does not exist; write the path of a file that does"),
        Arguments.of(
            "initramfs: initramfs.gz",
            "initramfs: ${NOT_SET}/i.gz",
            "lab.yaml:8: initramfs uses ${NOT_SET}, which is not set in the environment; set it, or write the path"),
        Arguments.of(
            "initramfs: initramfs.gz",
            "initramfs: ${a-b}/i.gz",
            "lab.yaml:8: initramfs has a \"${\" that names no variable; write ${NAME}"),
        Arguments.of(
            "link: lan, mac",
            "link: wan, mac",
            "lab.yaml:12: VNIC \"vm1/eth0\": there is no link \"wan\"; write one of: lan"),
        Arguments.of(
            "52:54:00:00:00:0A",
            "52:54:00:00:0A",
            "lab.yaml:12: VNIC \"vm1/eth0\": \"52:54:00:00:0a\" is not a MAC address; write it in lower case with colons, for example 02:00:00:00:00:01"),
        Arguments.of(
            "        link: lan\n",
            "        link: lan\n        mac: 52:54:00:00:00:0a\n",
            "lab.yaml:17: VNIC \"vm2/eth0\": MAC address 52:54:00:00:00:0a is already taken by vm1/eth0; write another one, for example 02:00:00:00:00:01"),
        Arguments.of(
            "- name: vm2",
            "- name: vm1",
            "lab.yaml:13: VM \"vm1\": there is another VM of that name on line 4; give one of them another name"),
        Arguments.of(
            "- name: vm2",
            "- name: ../../etc",
            "lab.yaml:13: VM \"../../etc\": \"../../etc\" cannot be a name; write 1 to 40 lower-case letters, digits and hyphens, not a hyphen first"),
        Arguments.of(
            "    cpus: 2",
            "    memory: 256M",
            "lab.yaml:6: \"memory\" is written twice, first on line 5; keep one"),
        Arguments.of(
            "read-only: true",
            "read-only: maybe",
            "lab.yaml:11: \"read-only\" must be true or false, not \"maybe\"; write read-only: true"),
        Arguments.of(
            "format: qcow2",
            "format: vmdk",
            "lab.yaml:11: DISK \"vm1/root\": its format is \"vmdk\"; write qcow2 or raw"
                .replace("DISK", "disk")),
        Arguments.of(
            "links: { lan: {} }",
            "links: { lan: { delai: 5ms } }",
            "lab.yaml:2: a link has no key \"delai\"; write delay"),
        Arguments.of(
            "links: { lan: {} }",
            "links: { lan: { limit: 5 } }",
            "lab.yaml:2: a link has no key \"limit\"; its keys are delay, jitter, loss, rate, queue, reorder, seed"),
        Arguments.of(
            "links: { lan: {} }",
            "links:\n  lan:\n    delay: 5",
            "lab.yaml:4: \"delay\" must be a time in us, ms or s, not \"5\"; write delay: 50ms"),
        Arguments.of(
            "links: { lan: {} }",
            "links:\n  lan:\n    rate: 5MB",
            "lab.yaml:4: \"rate\" must be a rate in bit, kbit, mbit or gbit per second, not \"5MB\"; write rate: 10mbit"),
        Arguments.of(
            "links: { lan: {} }",
            "links:\n  lan:\n    loss: some",
            "lab.yaml:4: \"loss\" must be a percentage, not \"some\"; write loss: 0.1%"),
        Arguments.of(
            "links: { lan: {} }",
            "links:\n  lan: { delay: 5ms, seed: x }",
            "lab.yaml:3: \"seed\" must be a whole number, not \"x\"; write seed: 1"),
        Arguments.of(
            "links: { lan: {} }",
            "links:\n  lan: { delay: 1h, queue: [] }",
            "lab.yaml:3: \"delay\" must be a time in us, ms or s, not \"1h\"; write delay: 50ms|lab.yaml:3: \"queue\" must be text, not a list; write queue: 256KiB"),
        Arguments.of(
            "links: { lan: {} }",
            "links:\n  lan: { delay: 60s }",
            "lab.yaml:3: link \"lan\": delay is 60000000 us; write 0 to 10s"),
        Arguments.of(
            "links: { lan: {} }",
            "links:\n  lan: { reorder: 1% }",
            "lab.yaml:3: link \"lan\": reorder without a delay changes nothing; write a delay, which some frames then skip"),
        Arguments.of(
            "links: { lan: {} }",
            "links: { lan: fast }",
            "lab.yaml:2: link \"lan\" must be a group of keys, not \"fast\"; write lan: {}"),
        Arguments.of(
            "              link: lan\n".substring(6),
            "        link: lan\n        to-link: { loss: 120% }\n",
            "lab.yaml:17: VNIC \"vm2/eth0\": loss is 120.0%; write 0% to 100%"),
        Arguments.of(
            "              link: lan\n".substring(6),
            "        link: lan\n        to-link: 5ms\n",
            "lab.yaml:19: \"to-link\" must be a group of keys, not \"5ms\"; write to-link: {}"),
        Arguments.of(
            "name: lab\n", "\n", "lab.yaml:2: a topology has no \"name\"; write name: lab"),
        Arguments.of(
            "host: a",
            "host: &x a",
            "lab.yaml:10: anchors (&) and aliases (*) are not taken; write it out"),
        Arguments.of(
            "host: a", "host: !!str a", "lab.yaml:10: tags (!) are not taken; leave it away"),
        Arguments.of(
            "host: a", "host: a: b", "lab.yaml:10: not YAML: mapping values are not allowed here"),
        Arguments.of(
            "name: lab\n",
            "--- {}\n---\nname: lab\n",
            "lab.yaml:3: a second document starts here; one file, one topology"));
  }

  @Test
  void shouldReportEverythingAtOnceInOrder() throws IOException {
    assertThat(
            problems(
                """
                name: Lab
                vms:
                  - name: vm1
                    memory: much
                    kernal: vmlinuz
                    nics: [ { name: eth0, link: lan } ]
                  - just text
                """))
        .containsExactly(
            "lab.yaml: VNE \"Lab\": \"Lab\" cannot be a name; write 1 to 40 lower-case letters, digits and hyphens, not a hyphen first",
            "lab.yaml:4: memory is \"much\"; write MiB, or a number with M or G: 512, 512M or 2G",
            "lab.yaml:5: a VM has no key \"kernal\"; write kernel",
            "lab.yaml:6: VNIC \"vm1/eth0\": there is no link \"lan\"; write it under links",
            "lab.yaml:7: each of \"vms\" must be a group of keys, not \"just text\"; write - { name: vm1, memory: 128M, ... }");
  }

  @Test
  void shouldJudgeWhatIsBesideAnError() throws IOException {
    assertThat(
            problems(
                """
                links: { lan: { delay: x, jitter: 5ms, loss: 200% } }
                vms:
                  - name: vm1
                    memory: much
                    cpus: 999
                    kernel: missing
                    nics: [ { link: lan, mac: "52:54:00:00:00:01" } ]
                  - name: vm1
                    memory: lots
                    disks: [ { name: root, file: root.qcow2, format: vmdk, read-only: maybe } ]
                    nics: [ { name: eth0, mac: "52:54:00:00:00:01" } ]
                  - memory: 4M
                    command-line: []
                """))
        .containsExactly(
            "lab.yaml:1: a topology has no \"name\"; write name: lab",
            "lab.yaml:1: \"delay\" must be a time in us, ms or s, not \"x\"; write delay: 50ms",
            "lab.yaml:1: link \"lan\": loss is 200.0%; write 0% to 100%",
            "lab.yaml:3: VM \"vm1\": has 999 CPUs; write 1 to 255",
            "lab.yaml:4: memory is \"much\"; write MiB, or a number with M or G: 512, 512M or 2G",
            "lab.yaml:6: kernel missing does not exist; write the path of a file that does",
            "lab.yaml:7: a nic has no \"name\"; write name: eth0",
            "lab.yaml:8: VM \"vm1\": there is another VM of that name on line 3; give one of them another name",
            "lab.yaml:9: memory is \"lots\"; write MiB, or a number with M or G: 512, 512M or 2G",
            "lab.yaml:10: \"read-only\" must be true or false, not \"maybe\"; write read-only: true",
            "lab.yaml:10: disk \"vm1/root\": its format is \"vmdk\"; write qcow2 or raw",
            "lab.yaml:11: a nic has no \"link\"; write link: lan",
            "lab.yaml:11: VNIC \"vm1/eth0\": MAC address 52:54:00:00:00:01 is already taken by vm1/unnamed-2; write another one, for example 02:00:00:00:00:01",
            "lab.yaml:12: a VM has no \"name\"; write name: vm1",
            "lab.yaml:12: VM \"unnamed-3\": memory is 4 MiB; write 16 to 1048576 MiB",
            "lab.yaml:13: \"command-line\" must be text, not a list; write command-line: console=ttyS0");
  }

  @ParameterizedTest
  @MethodSource
  void shouldSayNothingThatOnlyFollowsFromAnError(String text, String message) throws IOException {
    assertThat(problems(text)).containsExactly(message);
  }

  static Stream<Arguments> shouldSayNothingThatOnlyFollowsFromAnError() {
    return Stream.of(
        Arguments.of(
            "name: lab\nvms: none\n",
            "lab.yaml:2: \"vms\" must be a list, not \"none\"; write vms: [ { name: vm1, memory: 128M, ... } ]"),
        Arguments.of(
            "name: lab\nvms: [ { name: vm1, memory: 16, kernel: [] } ]\n",
            "lab.yaml:2: \"kernel\" must be text, not a list; write kernel: vmlinuz"),
        Arguments.of(
            "name: lab\nvms: [ { name: vm1, memory: 16, disks: root } ]\n",
            "lab.yaml:2: \"disks\" must be a list, not \"root\"; write disks: [ { name: root, file: root.qcow2, format: qcow2 } ]"),
        Arguments.of(
            "name: lab\nvms: [ { name: vm1, memory: 16, kernal: vmlinuz, initramfs: vmlinuz } ]\n",
            "lab.yaml:2: a VM has no key \"kernal\"; write kernel"),
        Arguments.of(
            "name: lab\nvms: [ { name: vm1, memory: 16, kernel: vmlinuz, nics: [ { name: eth0 } ] } ]\n",
            "lab.yaml:2: a nic has no \"link\"; write link: lan"),
        Arguments.of(
            "name: lab\nlinks: { lan: { rate: x, queue: 64KiB } }\nvms: [ { name: vm1, memory: 16, kernel: vmlinuz } ]\n",
            "lab.yaml:2: \"rate\" must be a rate in bit, kbit, mbit or gbit per second, not \"x\"; write rate: 10mbit"));
  }

  @Test
  void shouldRefuseWhatIsNoTopology() throws IOException {
    String advice = "no topology; write the keys name, links and vms at the left margin";
    assertThat(problems("")).containsExactly("lab.yaml: " + advice);
    assertThat(problems("- a\n- b\n")).containsExactly("lab.yaml:1: " + advice);
    assertThat(problems(new byte[] {(byte) 0xc3, 0x28}))
        .containsExactly("lab.yaml: not text in UTF-8; save it as such");
    assertThat(problems("name: lab\nvms: []\n"))
        .containsExactly("lab.yaml: VNE \"lab\": has no VM; write at least one under vms");
    assertThat(problems("#".repeat(TopologyFile.MAX_BYTES + 1)))
        .containsExactly("lab.yaml: longer than 1048576 bytes; a topology is shorter");
    assertThat(problems("[".repeat(100_000)))
        .singleElement()
        .isEqualTo("lab.yaml:1: nested more than 16 levels deep");
  }

  @Test
  void shouldBoundWhatIsReported() throws IOException {
    StringBuilder text = new StringBuilder(GOOD);
    for (int i = 0; i < 200; i++) {
      text.append("key").append(i).append(": x\n");
    }
    assertThat(problems(text.toString()))
        .hasSize(51)
        .last()
        .isEqualTo("lab.yaml: and 150 more problems");
  }

  @Test
  void shouldSayThatThereIsNoFile() {
    TopologyFileException e =
        catchThrowableOfType(
            TopologyFileException.class,
            () -> TopologyFile.read(folder.resolve("none.yaml"), environment));
    assertThat(Objects.requireNonNull(e).problems())
        .containsExactly(
            folder + "/none.yaml: there is no such file; see conf/topologies for examples");
  }
}
