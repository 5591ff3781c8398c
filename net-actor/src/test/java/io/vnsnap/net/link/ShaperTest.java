package io.vnsnap.net.link;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.vnsnap.net.LogLines;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.gate.Marker;
import io.vnsnap.net.gate.TestFrame;
import io.vnsnap.net.gate.VirtualClock;
import io.vnsnap.proto.DropCause;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What VNIC 0 sends to VNIC 1, and what of it leaves the link when. */
@Timeout(30)
class ShaperTest {
  private static final long MS = 1_000_000;
  private static final long GRANULARITY = 100_000;
  private static final LinkSettings SETTINGS =
      new LinkSettings(1 << 20, Duration.ofNanos(GRANULARITY));

  private record Sent(long at, int epoch, long sequence, long remaining, int number) {}

  private final class RememberedHop implements NextHop {
    @Override
    public boolean send(int epoch, long first, ByteBuf train, int frames) {
      assertThat(frames).isOne(); // each has a fate of its own
      return early(epoch, first, 0, train);
    }

    @Override
    public boolean early(int epoch, long sequence, long remainingNanos, ByteBuf framed) {
      int number = TestFrame.parse(framed.slice(4, framed.readableBytes() - 4)).number();
      sent.add(new Sent(clock.nanos() - start, epoch, sequence, remainingNanos, number));
      return true;
    }

    @Override
    public void marker(Marker marker) {
      markers.add(marker);
    }
  }

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
  private final VirtualClock clock = new VirtualClock();
  private final long start = clock.nanos();
  private final List<Sent> sent = new ArrayList<>();
  private final List<Marker> markers = new ArrayList<>();
  private final List<Shaper> shapers = new ArrayList<>();

  private Shaper shaper(Shaping shaping, LinkSettings settings) {
    SwitchPort port = new SwitchPort(TestFrame.mac(0));
    port.add(TestFrame.mac(1), new OutChannel(new RememberedHop(), 0));
    Shaper shaper = new Shaper("vne: vm0/eth0", shaping, settings, clock, allocator, port);
    shapers.add(shaper);
    return shaper;
  }

  private Shaper shaper(Shaping shaping) {
    return shaper(shaping, SETTINGS);
  }

  private static Shaping delay(long delay) {
    return new Shaping(delay, 0, 0, 0, 0, 0, 1);
  }

  private static void send(Shaper shaper, int epoch, int number, int length) {
    ByteBuf framed = new TestFrame(1, 0, number).framed(length);
    shaper.send(epoch, framed, 1);
    framed.release();
  }

  private void pass(long nanos) {
    clock.advance(Duration.ofNanos(nanos));
  }

  private List<Integer> numbers() {
    return sent.stream().map(Sent::number).toList();
  }

  @AfterEach
  void shouldLeaveNothingBehind() {
    shapers.forEach(Shaper::close);
    shapers.forEach(Shaper::close);
    assertThat(allocator.metric().usedDirectMemory()).isZero();
    assertThat(clock.pending()).isZero();
  }

  @Test
  void shouldDelayEachFrame() {
    Shaper shaper = shaper(delay(50 * MS));
    for (int i = 0; i < 300; i++) {
      send(shaper, 0, i, 100);
      pass(MS);
    }
    pass(60 * MS);
    assertThat(sent).hasSize(300);
    for (int i = 0; i < 300; i++) {
      assertThat(sent.get(i).number()).isEqualTo(i);
      assertThat(sent.get(i).at()).isBetween((50 + i) * MS, (50 + i) * MS + GRANULARITY);
      assertThat(sent.get(i).remaining()).isZero();
    }
    assertThat(shaper.keptBack()).isZero();
  }

  @Test
  void shouldSendFramesOnInTurnsThatAreNotTooShort() {
    Shaper shaper = shaper(delay(MS));
    for (int i = 0; i < 1000; i++) {
      send(shaper, 0, i, 60);
      pass(2000);
    }
    pass(10 * MS);
    assertThat(sent).hasSize(1000);
    long turns = sent.stream().mapToLong(Sent::at).distinct().count();
    assertThat(turns).isLessThanOrEqualTo(1000 * 2000 / GRANULARITY + 2);
  }

  @Test
  void shouldKeepTheOrderUnderJitter() {
    Shaper shaper = shaper(new Shaping(10 * MS, 8 * MS, 0, 0, 0, 0, 7));
    for (int i = 0; i < 200; i++) {
      send(shaper, 0, i, 100);
      pass(10 * MS);
    }
    pass(20 * MS);
    assertThat(numbers()).hasSize(200).isSorted();
    List<Long> delays = sent.stream().map(s -> s.at() - s.number() * 10L * MS).toList();
    assertThat(delays).allMatch(d -> d >= 2 * MS && d <= 18 * MS + 8 * MS + GRANULARITY);
    assertThat(delays.stream().filter(d -> d < 8 * MS)).isNotEmpty();
    assertThat(delays.stream().filter(d -> d > 12 * MS)).isNotEmpty();
  }

  @Test
  void shouldSpaceFramesByTheRateAndDropWhatTheQueueDoesNotTake() {
    // 1000-byte frames at 8 Mbit/s: one each millisecond; 10 of them fit the queue.
    Shaper shaper = shaper(new Shaping(0, 0, 0, 8_000_000, 10_000, 0, 1));
    for (int i = 0; i < 20; i++) {
      send(shaper, 0, i, 1000);
    }
    pass(100 * MS);
    assertThat(numbers()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    for (int i = 0; i < 10; i++) {
      assertThat(sent.get(i).at()).isBetween((1 + i) * MS, (1 + i) * MS + GRANULARITY);
    }
    shaper.mark(1);
    assertThat(markers.getFirst().sent()).isEqualTo(20);
    assertThat(markers.getFirst().drops().of(DropCause.LINK_FULL)).isEqualTo(10);
  }

  @Test
  void shouldTakeAFrameLongerThanTheQueueWhenTheLineIsFree() {
    Shaper shaper = shaper(new Shaping(0, 0, 0, 8_000_000, 1500, 0, 1));
    send(shaper, 0, 0, Framing.MAX_FRAME);
    send(shaper, 0, 1, 60);
    pass(1000 * MS);
    assertThat(numbers()).containsExactly(0);
  }

  @Test
  void shouldBoundTheMemoryOfWhatIsDelayed() {
    Shaper shaper = shaper(delay(1000 * MS), new LinkSettings(100_000, Duration.ofNanos(1)));
    for (int i = 0; i < 1000; i++) {
      send(shaper, 0, i, 1000);
    }
    assertThat(shaper.keptBack()).isEqualTo(100_000 / (1000 + 4 + 256));
    assertThat(allocator.metric().usedDirectMemory()).isLessThan(100_000);
    shaper.mark(1);
    assertThat(markers.getFirst().drops().of(DropCause.LINK_FULL)).isEqualTo(1000 - sent.size());
  }

  @Test
  void shouldSayOnceWhatToDoWhenALinkIsFull() {
    try (LogLines log = new LogLines()) {
      Shaper queue = shaper(new Shaping(0, 0, 0, 8_000_000, 10_000, 0, 1));
      Shaper memory = shaper(delay(1000 * MS), new LinkSettings(10_000, Duration.ofNanos(1)));
      for (int i = 0; i < 20; i++) {
        send(queue, 0, i, 1000);
        send(memory, 0, i, 1000);
      }
      assertThat(log.with("WARN VNIC vne: vm0/eth0"))
          .hasSize(2)
          .allMatch(line -> line.contains("LINK_FULL"))
          .anyMatch(line -> line.contains("queue of 10000 bytes: raise the queue or the rate"))
          .anyMatch(line -> line.contains("vnsnap.net.link.delayed-bytes: raise"));
      assertThat(queue.lost().of(DropCause.LINK_FULL)).isEqualTo(10);
    }
  }

  @Test
  void shouldDecideTheSameFromTheSameSeed() {
    List<List<Integer>> runs = new ArrayList<>();
    for (long seed : new long[] {5, 5, 6}) {
      sent.clear();
      Shaper shaper = shaper(new Shaping(5 * MS, 0, 250_000, 0, 0, 100_000, seed));
      for (int i = 0; i < 2000; i++) {
        send(shaper, 0, i, 100);
        pass(MS);
      }
      pass(10 * MS);
      runs.add(numbers());
    }
    assertThat(runs.get(0)).isEqualTo(runs.get(1)).isNotEqualTo(runs.get(2));
    assertThat(runs.get(0).size()).isBetween(1350, 1650);
  }

  @Test
  void shouldLetSomeFramesSkipTheDelay() {
    Shaper shaper = shaper(new Shaping(10 * MS, 0, 0, 0, 0, 200_000, 3));
    for (int i = 0; i < 1000; i++) {
      send(shaper, 0, i, 100);
      pass(MS);
    }
    pass(20 * MS);
    assertThat(numbers()).hasSize(1000).doesNotHaveDuplicates();
    long skipped = sent.stream().filter(s -> s.at() - s.number() * MS < MS).count();
    assertThat(skipped).isBetween(120L, 280L);
    assertThat(sent.stream().map(Sent::sequence)).as("channels stay in order").isSorted();
  }

  @Test
  void shouldLoseBroadcastsOnEveryChannelOnce() {
    SwitchPort port = new SwitchPort(TestFrame.mac(0));
    port.add(TestFrame.mac(1), new OutChannel(new RememberedHop(), 0));
    port.add(TestFrame.mac(2), new OutChannel(new RememberedHop(), 0));
    Shaper shaper =
        new Shaper(
            "vne: vm0/eth0",
            new Shaping(0, 0, 1_000_000, 0, 0, 0, 1),
            SETTINGS,
            clock,
            allocator,
            port);
    ByteBuf framed = new TestFrame(TestFrame.ALL, 0, 1).framed();
    shaper.send(0, framed, 1);
    framed.release();
    shaper.mark(1);
    assertThat(sent).isEmpty();
    assertThat(markers)
        .hasSize(2)
        .allSatisfy(marker -> {
          assertThat(marker.sent()).isEqualTo(1);
          assertThat(marker.drops().of(DropCause.SHAPER_LOSS)).isEqualTo(1);
        });
  }

  @Test
  void shouldHandOverAtTheCutWhatIsOnTheWayWithTheTimeLeft() {
    Shaper shaper = shaper(delay(50 * MS));
    for (int i = 0; i < 4; i++) {
      send(shaper, 0, i, 100);
      pass(15 * MS);
    }
    assertThat(numbers()).containsExactly(0);
    shaper.mark(1);
    assertThat(numbers()).containsExactly(0, 1, 2, 3);
    assertThat(sent.subList(1, 4))
        .extracting(Sent::remaining)
        .containsExactly(5 * MS, 20 * MS, 35 * MS);
    assertThat(sent).allMatch(s -> s.epoch() == 0);
    assertThat(markers).singleElement().matches(marker -> marker.sent() == 4);
    assertThat(shaper.keptBack()).isZero();
    send(shaper, 1, 4, 100);
    pass(49 * MS);
    assertThat(sent).hasSize(4);
    pass(MS + GRANULARITY);
    assertThat(sent.getLast())
        .matches(s -> s.epoch() == 1 && s.number() == 4 && s.remaining() == 0);
  }

  @Test
  void shouldKeepEpochsInOrderWhenACutIsGivenUp() {
    Shaper shaper = shaper(new Shaping(10 * MS, 0, 0, 0, 0, 500_000, 3));
    for (int i = 0; i < 200; i++) {
      send(shaper, i / 50, i, 100); // the gate goes on without a cut, so nothing is handed over
      pass(MS);
    }
    pass(20 * MS);
    assertThat(sent).hasSize(200);
    assertThat(sent.stream().map(Sent::epoch)).isSorted();
  }
}
