package io.vnsnap.net.gate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.vnsnap.net.link.LinkSettings;
import io.vnsnap.net.link.LocalHop;
import io.vnsnap.net.link.OutChannel;
import io.vnsnap.net.link.Shaper;
import io.vnsnap.net.link.Shaping;
import io.vnsnap.net.link.SwitchPort;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.RecordedFrame;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** VNIC 0 sends to VNIC 1 over a link of 50 ms: when each frame arrives, live and restored. */
@Timeout(30)
class ShapedCutTest {
  private static final Duration MS = Duration.ofMillis(1);
  private static final long DELAY_MS = 50;
  private static final long NANOS_PER_MS = 1_000_000;
  private static final Duration GRANULARITY = Duration.ofNanos(1000);
  private static final GateSettings SETTINGS =
      new GateSettings(
          1 << 20,
          1 << 20,
          Duration.ofMillis(50),
          Duration.ofMillis(200),
          Duration.ofSeconds(10),
          Duration.ofSeconds(10));

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
  private final VirtualClock clock = new VirtualClock();
  private final List<Gate> gates = new ArrayList<>();
  private RememberedEvents events = new RememberedEvents();
  private Gate sender;
  private Gate receiver;
  private FakePort from;
  private FakePort to;
  private int emitted;

  ShapedCutTest() {
    sender = gate(0);
    receiver = gate(1);
    from = new FakePort(sender);
    to = new FakePort(receiver);
    wire(0);
    openBoth();
  }

  private Gate gate(int number) {
    Gate gate = new Gate(number, 2, SETTINGS, new RecordBudget(1 << 20), clock, allocator);
    gates.add(gate);
    return gate;
  }

  private void wire(long inFlight) {
    InChannel there = receiver.addChannel(0, inFlight);
    InChannel back = sender.addChannel(1, 0);
    SwitchPort out = new SwitchPort(TestFrame.mac(0));
    out.add(TestFrame.mac(1), new OutChannel(new LocalHop(receiver, there), inFlight));
    sender.connectTo(
        new Shaper(
            "vnic",
            new Shaping(DELAY_MS * NANOS_PER_MS, 0, 0, 0, 0, 0, 1),
            new LinkSettings(1 << 20, GRANULARITY),
            clock,
            allocator,
            out));
    SwitchPort in = new SwitchPort(TestFrame.mac(1));
    in.add(TestFrame.mac(0), new OutChannel(new LocalHop(sender, back), 0));
    receiver.connectTo(in);
    receiver.listen(events);
  }

  private void openBoth() {
    sender.orders().attach(from);
    receiver.orders().attach(to);
    sender.orders().open();
    receiver.orders().open();
  }

  private void emit() {
    from.emit(new TestFrame(1, 0, emitted++));
    from.readTrain();
  }

  /** Lets the VM take what has arrived after each millisecond; the frames that came in each. */
  private List<List<Integer>> watch(int millis) {
    List<List<Integer>> came = new ArrayList<>();
    for (int i = 0; i < millis; i++) {
      clock.advance(MS);
      int before = to.taken.size();
      to.takeAll();
      came.add(to.taken.subList(before, to.taken.size()).stream().map(TestFrame::number).toList());
    }
    return came;
  }

  private static void cut(Gate gate, int epoch) {
    assertThat(gate.orders().hold(epoch)).isCompleted();
    assertThat(gate.orders().turnRed(epoch)).as("nobody waits for the delay").isCompleted();
    gate.orders().release(epoch);
  }

  private RememberedEvents.Log log(int epoch) {
    return requireNonNull(events.logs.get(epoch));
  }

  private void restore(RememberedEvents.Log log) {
    sender = gate(0);
    receiver = gate(1);
    from = new FakePort(sender);
    to = new FakePort(receiver);
    events = new RememberedEvents();
    wire(log.frames().size());
    receiver.orders().preload(log.frames());
    openBoth();
  }

  @AfterEach
  void shouldLeaveNothingBehind() {
    gates.forEach(Gate::close);
    assertThat(allocator.metric().usedDirectMemory()).isZero();
    assertThat(clock.pending()).isZero();
  }

  @Test
  void shouldRecordWhatTheLinkDelaysAndGiveItItsRemainingDelayAfterARestore() {
    for (int i = 0; i < 5; i++) {
      emit(); // due 50, 60, 70, 80 and 90 ms after the start
      watch(10);
    }
    cut(sender, 1); // 50 ms after the start: the first frame is just due
    watch(15);
    assertThat(to.taken).as("due before the receiver's cut").hasSize(2);
    cut(receiver, 1);
    assertThat(log(1).frames())
        .extracting(RecordedFrame::getOffsetUs)
        .containsExactly(5000L, 15_000L, 25_000L);
    ChannelRecord account = log(1).channels().getFirst();
    assertThat(account.getSent()).isEqualTo(5);
    assertThat(account.getDelivered()).isEqualTo(2);
    assertThat(account.getRecorded()).isEqualTo(3);
    emit(); // red: due 50 ms from now
    List<List<Integer>> live = watch(60);
    RememberedEvents.Log log = log(1);
    restore(log);
    List<List<Integer>> restored = watch(60);
    assertThat(live.subList(0, 40)).isEqualTo(restored.subList(0, 40));
    assertThat(restored.get(4)).containsExactly(2);
    assertThat(restored.get(14)).containsExactly(3);
    assertThat(restored.get(24)).containsExactly(4);
    assertThat(live.get(49)).as("the red frame").containsExactly(5);
  }

  @Test
  void shouldRecordWhatIsHandedOverAfterTheReceiversCut() {
    emit();
    watch(10);
    cut(receiver, 1);
    watch(10);
    emit();
    watch(5);
    cut(sender, 1); // due 25 and 45 ms from now, 40 and 60 ms after the receiver's cut
    assertThat(log(1).frames())
        .extracting(RecordedFrame::getOffsetUs)
        .containsExactly(40_000L, 60_000L);
    assertThat(log(1).channels().getFirst().getRecorded()).isEqualTo(2);
    List<List<Integer>> live = watch(60);
    assertThat(live.get(24)).containsExactly(0);
    assertThat(live.get(44)).containsExactly(1);
    restore(log(1));
    List<List<Integer>> restored = watch(70);
    assertThat(restored.get(39)).containsExactly(0);
    assertThat(restored.get(59)).containsExactly(1);
  }

  @Test
  void shouldRecordAgainWithWhatIsLeftWhenTheNextCutComesDuringTheDelay() {
    emit();
    cut(sender, 1);
    cut(receiver, 1);
    watch(20);
    cut(receiver, 2);
    cut(sender, 2);
    assertThat(log(2).frames()).extracting(RecordedFrame::getOffsetUs).containsExactly(30_000L);
    restore(log(2));
    watch(10);
    cut(sender, 1); // and now during the replay
    cut(receiver, 1);
    List<List<Integer>> came = watch(30);
    assertThat(came.get(19)).containsExactly(0);
    assertThat(log(1).frames()).extracting(RecordedFrame::getOffsetUs).containsExactly(20_000L);
    assertThat(to.taken).hasSize(1);
  }

  @Test
  void shouldNotHoldRedFramesBackNorLetThemOvertake() {
    emit();
    watch(30);
    cut(sender, 1);
    cut(receiver, 1);
    emit();
    List<List<Integer>> came = watch(60);
    assertThat(came.get(19)).as("white, 20 ms left").containsExactly(0);
    assertThat(came.get(49)).as("red, the whole delay").containsExactly(1);
  }

  @Test
  void shouldHoldWhatBecomesDueWhileTheGateIsShut() {
    emit();
    watch(10);
    cut(sender, 1);
    assertThat(receiver.orders().hold(1)).isCompleted();
    watch(45);
    assertThat(to.taken).as("due, but the gate is shut").isEmpty();
    assertThat(receiver.orders().turnRed(1)).isCompleted();
    receiver.orders().release(1);
    to.takeAll();
    assertThat(to.taken).hasSize(1);
    assertThat(log(1).frames()).extracting(RecordedFrame::getOffsetUs).containsExactly(0L);
  }

  @Test
  void shouldGoOnWhenTheCutIsAborted() {
    emit();
    watch(10);
    cut(sender, 1);
    sender.orders().abort(1);
    receiver.orders().abort(1);
    emit();
    List<List<Integer>> came = watch(60);
    assertThat(came.get(39)).containsExactly(0);
    assertThat(came.get(49)).containsExactly(1);
    assertThat(events.logs).isEmpty();
    cut(sender, 2);
    cut(receiver, 2);
    ChannelRecord account = log(2).channels().getFirst();
    assertThat(account.getSent()).isEqualTo(2);
    assertThat(account.getDelivered()).isEqualTo(2);
  }
}
