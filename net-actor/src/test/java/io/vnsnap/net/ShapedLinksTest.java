package io.vnsnap.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vnsnap.net.gate.GateCounters;
import io.vnsnap.net.gate.TestFrame;
import io.vnsnap.net.link.Shaping;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DropCause;
import io.vnsnap.proto.DropCount;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A VM with a VNIC on each of two shaped links, and a VM at each end, over two hosts. */
@Timeout(120)
class ShapedLinksTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int CUTS = 5;
  private static final long MS = 1_000_000;

  /** Numbers of the VNICs of each VM. */
  private static final List<List<Integer>> VMS = List.of(List.of(0), List.of(1, 2), List.of(3));

  private static List<Vnic> vnics(Shaping left, Shaping right) {
    return List.of(
        new Vnic(0, "end1", "eth0", TwoHosts.mac(0), "left", "a", left),
        new Vnic(1, "middle", "eth0", TwoHosts.mac(1), "left", "a", left),
        new Vnic(2, "middle", "eth1", TwoHosts.mac(2), "right", "a", right),
        new Vnic(3, "end2", "eth0", TwoHosts.mac(3), "right", "b", right));
  }

  private static void cutAll(TwoHosts hosts, int epoch) {
    hosts.cutAll(
        epoch, VMS.stream().map(vm -> vm.stream().map(hosts.nodes::get).toList()).toList());
  }

  /** Sends and cuts; the number of frames in all logs. */
  private static long sendAndCut(TwoHosts hosts) {
    hosts.nodes.forEach(node -> node.vm.sendAll(3_000_000));
    long recorded = 0;
    for (int epoch = 1; epoch <= CUTS; epoch++) {
      int least = hosts.nodes.getLast().vm.emitted().size() + 200;
      await().atMost(PATIENCE).until(() -> hosts.nodes.getLast().vm.emitted().size() > least);
      cutAll(hosts, epoch);
      for (TwoHosts.Node node : hosts.nodes) {
        recorded += node.log(epoch).frames().size();
      }
    }
    hosts.stopSending();
    await()
        .atMost(PATIENCE)
        .until(() ->
            hosts.nodes.stream()
                .allMatch(node -> TwoHosts.done(node.orders.counters()).keptBack() == 0));
    hosts.settle();
    return recorded;
  }

  private static TwoHosts.Node peer(TwoHosts hosts, TwoHosts.Node node) {
    return hosts.nodes.get(node.number ^ 1);
  }

  @Test
  void shouldKeepEveryFrameOnTheWayOverDelayingLinks() throws Exception {
    Shaping left = new Shaping(20 * MS, 5 * MS, 0, 0, 0, 0, 1);
    Shaping right = new Shaping(50 * MS, 0, 0, 0, 0, 0, 2);
    try (TwoHosts hosts = new TwoHosts(vnics(left, right))) {
      long recorded = sendAndCut(hosts);
      assertThat(recorded).as("frames that the links delayed at a cut").isPositive();
      for (TwoHosts.Node to : hosts.nodes) {
        TwoHosts.Node from = peer(hosts, to);
        GateCounters counters = TwoHosts.done(to.orders.counters());
        assertThat(counters.drops().total() + counters.missing() + counters.stale()).isZero();
        assertThat(to.vm.taken()).isEqualTo(TwoHosts.sentTo(from.vm.emitted(), to));
        for (int epoch = 1; epoch <= CUTS; epoch++) {
          FakeQemu.Image sender = Objects.requireNonNull(from.images.get(epoch));
          assertThat(TwoHosts.restored(from, to, epoch))
              .as("restored to cut %d: from VNIC %d to %d", epoch, from.number, to.number)
              .isEqualTo(TwoHosts.sentTo(sender.emitted(), to));
          ChannelRecord account = TwoHosts.account(from, to, epoch);
          assertThat(account.getClosed()).isTrue();
          assertThat(account.getSent()).isEqualTo(account.getDelivered() + account.getRecorded());
        }
      }
    }
  }

  @Test
  void shouldBalanceOverLinksThatLoseReorderAndOverflow() throws Exception {
    Shaping lossy = new Shaping(10 * MS, 5 * MS, 50_000, 4_000_000, 4000, 100_000, 1);
    try (TwoHosts hosts = new TwoHosts(vnics(lossy, lossy))) {
      sendAndCut(hosts);
      for (TwoHosts.Node to : hosts.nodes) {
        TwoHosts.Node from = peer(hosts, to);
        assertThat(to.vm.taken())
            .doesNotHaveDuplicates()
            .isSubsetOf(TwoHosts.sentTo(from.vm.emitted(), to));
        for (int epoch = 1; epoch <= CUTS; epoch++) {
          FakeQemu.Image sender = Objects.requireNonNull(from.images.get(epoch));
          List<TestFrame> restored = new ArrayList<>(TwoHosts.restored(from, to, epoch));
          ChannelRecord account = TwoHosts.account(from, to, epoch);
          assertThat(account.getSent())
              .isEqualTo(TwoHosts.sentTo(sender.emitted(), to).size())
              .isEqualTo(restored.size() + TwoHosts.drops(account));
          assertThat(restored).doesNotHaveDuplicates();
        }
        assertThat(TwoHosts.account(from, to, CUTS).getDropsList())
            .extracting(DropCount::getCause)
            .containsExactlyInAnyOrder(DropCause.SHAPER_LOSS, DropCause.LINK_FULL);
      }
    }
  }

  @Test
  void shouldFreeWhatALinkDelaysWhenTheNetworkEnds() throws Exception {
    Shaping slow = new Shaping(5000 * MS, 0, 0, 0, 0, 0, 1);
    try (TwoHosts hosts = new TwoHosts(vnics(slow, slow))) {
      hosts.nodes.getFirst().vm.send(1, 1000);
      hosts.nodes.getLast().vm.send(2, 1000);
      for (TwoHosts.Node node : List.of(hosts.nodes.getFirst(), hosts.nodes.getLast())) {
        await().atMost(PATIENCE).until(() -> TwoHosts.done(node.orders.counters()).keptBack() == 1);
      }
      cutAll(hosts, 1); // now the receivers have them
      assertThat(hosts.nodes.get(1).log(1).frames()).hasSize(1);
      assertThat(hosts.nodes.get(2).log(1).frames()).hasSize(1);
      assertThat(hosts.a.bufferBytes()).isPositive();
    } // which checks that no buffer is left
  }
}
