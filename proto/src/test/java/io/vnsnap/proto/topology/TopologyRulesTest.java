package io.vnsnap.proto.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DiskSpec;
import io.vnsnap.proto.DropCause;
import io.vnsnap.proto.DropCount;
import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Shape;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import io.vnsnap.proto.certificate.Channels;
import io.vnsnap.proto.topology.Violation.Kind;
import java.util.List;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class TopologyRulesTest {

  private static VmSpec.Builder vm(String name, String mac) {
    return VmSpec.newBuilder()
        .setName(name)
        .setMemoryMib(128)
        .setCpus(1)
        .setKernel("/boot/vmlinuz")
        .setLine(10)
        .addVnics(VnicSpec.newBuilder().setName("eth0").setMac(mac).setLink("lan").setLine(11));
  }

  private static Topology.Builder good() {
    return Topology.newBuilder()
        .setName("shop")
        .addLinks(LinkSpec.newBuilder().setName("lan").setLine(2))
        .addVms(vm("web", "02:00:00:00:00:01"))
        .addVms(vm("db", "02:00:00:00:00:02"));
  }

  private static List<Violation> with(Consumer<Topology.Builder> change) {
    Topology.Builder topology = good();
    change.accept(topology);
    return TopologyRules.check(topology.build());
  }

  private static Violation only(Consumer<Topology.Builder> change) {
    List<Violation> violations = with(change);
    assertThat(violations).hasSize(1);
    return violations.getFirst();
  }

  @Test
  void shouldAcceptSoundTopology() {
    assertThat(with(topology -> {})).isEmpty();
    assertThat(
            with(topology ->
                topology
                    .getVmsBuilder(0)
                    .clearKernel()
                    .addDisks(
                        DiskSpec.newBuilder()
                            .setName("root")
                            .setFile("/images/root.qcow2")
                            .setFormat("qcow2"))))
        .isEmpty();
  }

  @Test
  void shouldNameUnknownLinkWithLineAndWhatToWrite() {
    Violation violation = only(t -> t.getVmsBuilder(0).getVnicsBuilder(0).setLink("lann"));
    assertThat(violation.kind()).isEqualTo(Kind.VNIC);
    assertThat(violation.text())
        .isEqualTo("line 11: VNIC \"web/eth0\": there is no link \"lann\"; write one of: lan");
  }

  @Test
  void shouldNameOwnerOfDuplicateMacAndAFreeOne() {
    Violation violation =
        only(t -> t.getVmsBuilder(1).getVnicsBuilder(0).setMac("02:00:00:00:00:01"));
    assertThat(violation.text())
        .contains("db/eth0", "already taken by web/eth0", "for example 02:00:00:00:00:02");
  }

  @Test
  void shouldRefuseMacsThatAreNone() {
    for (String mac :
        List.of(
            "", "02:00:00:00:00", "02:00:00:00:00:0G", "02:00:00:00:00:AB", "02-00-00-00-00-01")) {
      assertThat(only(t -> t.getVmsBuilder(0).getVnicsBuilder(0).setMac(mac)).message())
          .contains("is not a MAC address");
    }
    for (String mac : List.of("01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00")) {
      assertThat(only(t -> t.getVmsBuilder(0).getVnicsBuilder(0).setMac(mac)).message())
          .contains("is not one card's");
    }
  }

  @Test
  void shouldRefuseDuplicateNames() {
    assertThat(only(t -> t.getVmsBuilder(1).setName("web").setLine(20)).text())
        .isEqualTo(
            "line 20: VM \"web\": there is another VM of that name on line 10; give one of them another name");
    assertThat(only(t -> t.addLinks(LinkSpec.newBuilder().setName("lan"))).kind())
        .isEqualTo(Kind.LINK);
    assertThat(
            only(t ->
                    t.getVmsBuilder(0)
                        .addVnics(
                            VnicSpec.newBuilder()
                                .setName("eth0")
                                .setMac("02:00:00:00:00:09")
                                .setLink("lan")))
                .name())
        .isEqualTo("web/eth0");
  }

  @Test
  void shouldRefuseNamesThatCouldBecomePathsOrOptions() {
    for (String name : List.of("", "..", "a/b", "A", "-a", "a,b", "a b", "a".repeat(41), "é")) {
      assertThat(TopologyRules.isName(name)).as(name).isFalse();
      assertThat(only(t -> t.setName(name)).kind()).isEqualTo(Kind.VNE);
      assertThat(only(t -> t.getVmsBuilder(0).setName(name)).kind()).isEqualTo(Kind.VM);
      assertThat(only(t -> t.addLinks(LinkSpec.newBuilder().setName(name))).kind())
          .isEqualTo(Kind.LINK);
    }
    assertThat(only(t -> t.getVmsBuilder(0).setHost("../b")).message()).contains("host");
    assertThat(TopologyRules.isName("a".repeat(40))).isTrue();
    assertThat(TopologyRules.isName("0-a")).isTrue();
  }

  @Test
  void shouldRefuseInsaneSizes() {
    assertThat(only(t -> t.getVmsBuilder(0).setMemoryMib(0)).text())
        .contains("memory is 0 MiB", "write 16 to 1048576 MiB");
    assertThat(only(t -> t.getVmsBuilder(0).setMemoryMib(Integer.MAX_VALUE)).kind())
        .isEqualTo(Kind.VM);
    assertThat(only(t -> t.getVmsBuilder(0).setCpus(0)).text()).contains("0 CPUs", "1 to 255");
    assertThat(only(Topology.Builder::clearVms).text()).contains("has no VM");
    assertThat(
            with(t -> {
              for (int i = 0; i < TopologyRules.MAX_VMS; i++) {
                t.addVms(vm("vm" + i, "02:00:00:00:%02x:%02x".formatted(1 + i / 256, i % 256)));
              }
            }))
        .first()
        .satisfies(v -> assertThat(v.text()).contains("has 258 VMs", "at most 256"));
  }

  private static Topology oneLink(int cards) {
    Topology.Builder topology = Topology.newBuilder().setName("lab");
    topology.addLinks(LinkSpec.newBuilder().setName("lan"));
    for (int card = 0; card < cards; card++) {
      if (card % TopologyRules.MAX_VNICS_PER_VM == 0) {
        topology.addVms(
            VmSpec.newBuilder()
                .setName("vm" + card)
                .setMemoryMib(16)
                .setCpus(1)
                .setKernel("/vmlinuz"));
      }
      topology
          .getVmsBuilder(topology.getVmsCount() - 1)
          .addVnics(
              VnicSpec.newBuilder()
                  .setName("eth" + card)
                  .setLink("lan")
                  .setMac("02:00:00:00:%02x:%02x".formatted(card / 256, card % 256)));
    }
    return topology.build();
  }

  @Test
  void shouldBoundTheChannels() {
    assertThat(TopologyRules.check(oneLink(256))).isEmpty();
    assertThat(TopologyRules.check(oneLink(257)))
        .singleElement()
        .satisfies(v ->
            assertThat(v.text()).contains("has 65792 channels", "so that there are at most 65536"));
  }

  /** As large as it can be, with counts that take years. */
  @Test
  void shouldAllowNoMoreChannelsThanAMessageHoldsTheCountsOf() {
    Topology topology = oneLink(256);
    Manifest.Builder manifest = Manifest.newBuilder().setTopology(topology);
    long years = 1L << 41;
    new Channels(topology)
        .all()
        .forEach(channel ->
            manifest.addChannels(
                ChannelRecord.newBuilder()
                    .setFrom(channel.from())
                    .setTo(channel.to())
                    .setSent(years)
                    .setDelivered(years)
                    .setRecorded(1 << 20)
                    .setClosed(true)
                    .addDrops(
                        DropCount.newBuilder().setCause(DropCause.SHAPER_LOSS).setFrames(years))));
    int megabyte = 1 << 20; // is left for images and logs
    assertThat(manifest.getChannelsCount()).isEqualTo(256 * 255);
    assertThat(manifest.build().getSerializedSize()).isLessThan((4 << 20) - megabyte);
  }

  @Test
  void shouldTakeAProgramOfTheSimulatedHypervisorForAKernel() {
    assertThat(
            with(t ->
                t.getVmsBuilder(0)
                    .clearKernel()
                    .clearInitramfs()
                    .setCommandLine("sim.program=ring")))
        .isEmpty();
    assertThat(with(t -> t.getVmsBuilder(0).clearKernel().setCommandLine("xsim.program=ring")))
        .isNotEmpty();
  }

  @Test
  void shouldRefuseWhatCannotBootOrIsNoPath() {
    assertThat(only(t -> t.getVmsBuilder(0).clearKernel()).message())
        .contains("nothing to boot from");
    assertThat(only(t -> t.getVmsBuilder(0).setKernel("vmlinuz")).text())
        .contains("its kernel is \"vmlinuz\"", "absolute path");
    assertThat(only(t -> t.getVmsBuilder(0).setInitramfs("/a\nb")).text())
        .contains("\"/a?b\"")
        .doesNotContain("\n");
    assertThat(only(t -> t.getVmsBuilder(0).setCommandLine("a\0b")).message())
        .contains("command line");
    assertThat(
            with(t ->
                t.getVmsBuilder(0)
                    .addDisks(DiskSpec.newBuilder().setName("d").setFile("x").setFormat("vmdk"))))
        .extracting(Violation::kind)
        .containsExactly(Kind.DISK, Kind.DISK);
  }

  private static List<String> shaped(Shape.Builder link, Shape.Builder vnic) {
    return with(
            t -> {
              t.getLinksBuilder(0).setShape(link);
              t.getVmsBuilder(0).getVnicsBuilder(0).setShape(vnic);
            })
        .stream()
        .map(Violation::text)
        .toList();
  }

  private static Shape.Builder shape() {
    return Shape.newBuilder();
  }

  @Test
  void shouldAcceptSoundShapes() {
    assertThat(
            shaped(
                shape()
                    .setDelayUs(50_000)
                    .setJitterUs(50_000)
                    .setLossPpm(1_000_000)
                    .setRateBps(10_000_000)
                    .setQueueBytes(262_144)
                    .setReorderPpm(1)
                    .setSeed(-1),
                shape().setRateBps(8000).setQueueBytes(10_000).setJitterUs(0)))
        .isEmpty();
    assertThat(shaped(shape().setRateBps(8000), shape())).as("the default queue fits").isEmpty();
  }

  @Test
  void shouldRefuseShapesThatAreOutOfRangeOrMakeNoSense() {
    assertThat(shaped(shape().setDelayUs(-1), shape()))
        .containsExactly("line 2: link \"lan\": delay is -1 us; write 0 to 10s");
    assertThat(shaped(shape(), shape().setJitterUs(5)))
        .containsExactly(
            "line 11: VNIC \"web/eth0\": jitter is longer than the delay; write a jitter of at most the delay, or a delay");
    assertThat(shaped(shape(), shape().setLossPpm(1_000_001))).hasSize(1);
    assertThat(shaped(shape().setDelayUs(1), shape().setReorderPpm(-1))).hasSize(1);
    assertThat(shaped(shape().setRateBps(0), shape())).hasSize(1);
    assertThat(shaped(shape().setRateBps(Long.MAX_VALUE), shape())).hasSize(1);
    assertThat(shaped(shape(), shape().setRateBps(100_000).setQueueBytes(1))).hasSize(1);
    assertThat(shaped(shape(), shape().setQueueBytes(5000)))
        .containsExactly(
            "line 11: VNIC \"web/eth0\": queue without a rate changes nothing; write the rate");
    assertThat(shaped(shape().setRateBps(8000).setQueueBytes(20_000), shape()))
        .containsExactly(
            "line 2: link \"lan\": a queue of 20000 bytes takes more than 10s at a rate of 8000 bit; write queue: 10000B or less");
  }

  @Test
  void shouldReplaceWhatTheLinkSaysByWhatTheCardSaysAndDeriveTheSeed() {
    Topology.Builder t = good();
    t.getLinksBuilder(0).setShape(shape().setDelayUs(50).setLossPpm(7).setRateBps(8000));
    VnicSpec card = VnicSpec.newBuilder().setName("eth0").setLink("lan").build();
    VnicSpec own = card.toBuilder().setShape(shape().setLossPpm(0)).build();
    Shape plain = LinkShapes.of(t.build(), "web", card);
    Shape shape = LinkShapes.of(t.build(), "web", own);
    assertThat(shape.getDelayUs()).isEqualTo(50);
    assertThat(shape.getLossPpm()).isZero();
    assertThat(shape.getQueueBytes()).isEqualTo(10_000);
    assertThat(plain.getLossPpm()).isEqualTo(7);
    assertThat(plain.getSeed())
        .isEqualTo(LinkShapes.of(t.build(), "web", own).getSeed())
        .isNotEqualTo(LinkShapes.of(t.build(), "db", card).getSeed())
        .isNotEqualTo(LinkShapes.of(t.setName("other").build(), "web", card).getSeed());
    t.getLinksBuilder(0).getShapeBuilder().setSeed(1);
    long seeded = LinkShapes.of(t.build(), "web", card).getSeed();
    assertThat(seeded)
        .isEqualTo(LinkShapes.of(t.setName("third").build(), "web", card).getSeed())
        .isNotEqualTo(LinkShapes.of(t.build(), "db", card).getSeed());
  }

  @Test
  void shouldFindAllViolationsAtOnce() {
    assertThat(
            with(t -> {
              t.setName("Shop");
              t.getVmsBuilder(0).setMemoryMib(1).setCpus(0);
              t.getVmsBuilder(1).getVnicsBuilder(0).setLink("wan").setMac("x");
            }))
        .hasSize(5);
  }

  @Property(tries = 500)
  void shouldPutEveryMessageOnOneLineWhateverUsersWrite(
      @ForAll String name, @ForAll String mac, @ForAll String path) {
    List<Violation> violations =
        with(t -> {
          t.setName(name);
          t.getVmsBuilder(0)
              .setKernel(path)
              .setHost(name)
              .getVnicsBuilder(0)
              .setMac(mac)
              .setLink(name);
        });
    assertThat(violations)
        .allSatisfy(v -> assertThat(v.text().chars().noneMatch(Character::isISOControl)).isTrue());
  }
}
