package io.vnsnap.coordinator;

import static io.vnsnap.coordinator.Topologies.channel;
import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DropCause;
import io.vnsnap.proto.DropCount;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmStored;
import io.vnsnap.proto.VnicSpec;
import io.vnsnap.proto.certificate.Certificate;
import io.vnsnap.proto.certificate.Channels;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class CertificateTest {
  private static final Topology TOPOLOGY = Topologies.webAndDb("shop");

  private static VmStored.Builder stored(String vm, ChannelRecord.Builder... channels) {
    VmStored.Builder stored = VmStored.newBuilder().setImage(ImageRecord.newBuilder().setVm(vm));
    for (ChannelRecord.Builder channel : channels) {
      stored.addChannels(channel);
    }
    return stored;
  }

  private static ChannelLogRecord.Builder log(int to, long frames) {
    return ChannelLogRecord.newBuilder().setTo(to).setFrames(frames);
  }

  private static Certificate certify(VmStored.Builder... stored) {
    return Certificate.of(TOPOLOGY, List.of(stored).stream().map(VmStored.Builder::build).toList());
  }

  @Test
  void shouldBeExactWhenEveryChannelBalances() {
    Certificate certificate =
        certify(
            stored("db", channel(0, 1, 0, 0, 0)),
            stored(
                    "web",
                    channel(1, 0, 10, 5, 3)
                        .addDrops(
                            DropCount.newBuilder().setCause(DropCause.QUEUE_FULL).setFrames(2)))
                .addLogs(log(0, 3)));
    assertThat(certificate.exact()).isTrue();
    assertThat(certificate.inexactReason()).isEmpty();
    assertThat(certificate.channels()).extracting(ChannelRecord::getFrom).containsExactly(0, 1);
  }

  @Test
  void shouldNameChannelThatWasNotClosed() {
    assertThat(
            certify(
                    stored("db", channel(0, 1, 5, 5, 0).setClosed(false)),
                    stored("web", channel(1, 0, 0, 0, 0)))
                .flaws())
        .containsExactly("channel web/eth0 to db/eth0 was not closed by its sender's marker");
  }

  @Test
  void shouldNameEveryFlawAndCountThemInTheReason() {
    Certificate certificate =
        certify(
            stored("db", channel(0, 1, 5, 4, 0), channel(0, 1, 5, 5, 0), channel(0, 7, 1, 1, 0)),
            stored("web").addLogs(log(0, 1)).addLogs(log(0, 1)));
    assertThat(certificate.flaws())
        .containsExactlyInAnyOrder(
            "channel web/eth0 to db/eth0 was reported twice",
            "channel web/eth0 to VNIC 7 was reported by VM db",
            "the channel log of web/eth0 was reported twice",
            "channel web/eth0 to db/eth0 does not balance: 5 sent, but 4 delivered, 0 recorded and 0 dropped",
            "channel db/eth0 to web/eth0 was not reported",
            "channel web/eth0 to VNIC 7 is not of the topology",
            "the channel log of web/eth0 holds 1 frames, but its channels recorded 0");
    assertThat(certificate.inexactReason()).endsWith("(and 6 more)");
  }

  @Test
  void shouldNotAcceptRecordedFramesWithoutLogNorNegativeCounts() {
    assertThat(
            certify(stored("db", channel(0, 1, 2, 0, 2)), stored("web", channel(1, 0, 0, 1, -1)))
                .flaws())
        .containsExactly(
            "channel db/eth0 to web/eth0 does not balance: 0 sent, but 1 delivered, -1 recorded and 0 dropped",
            "the channel log of web/eth0 holds 0 frames, but its channels recorded -1",
            "the channel log of db/eth0 holds 0 frames, but its channels recorded 2");
  }

  @Test
  void shouldExpectChannelsOnlyBetweenVnicsOfOneLink() {
    Topology topology =
        TOPOLOGY.toBuilder()
            .addLinks(LinkSpec.newBuilder().setName("dmz"))
            .setVms(
                0,
                TOPOLOGY.getVms(0).toBuilder()
                    .addVnics(VnicSpec.newBuilder().setName("eth1").setLink("dmz")))
            .build();
    Channels channels = new Channels(topology);
    assertThat(channels.all())
        .containsExactly(new Channels.Channel(0, 2), new Channels.Channel(2, 0));
    assertThat(channels.name(1)).isEqualTo("web/eth1");
    assertThat(channels.vmOf(2)).isEqualTo("db");
  }

  @Property(tries = 300)
  void shouldBeExactIfAndOnlyIfTheSumIsRight(
      @ForAll @LongRange(min = 0, max = 50) long sent,
      @ForAll @LongRange(min = 0, max = 50) long delivered,
      @ForAll @LongRange(min = 0, max = 5) long recorded) {
    Certificate certificate =
        certify(
            stored("db", channel(0, 1, sent, delivered, recorded)).addLogs(log(1, recorded)),
            stored("web", channel(1, 0, 0, 0, 0)));
    assertThat(certificate.exact()).isEqualTo(sent == delivered + recorded);
  }
}
