package io.vnsnap.net.gate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.frame.Drops;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DropCause;
import io.vnsnap.proto.RecordedFrame;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One gate, VNIC 0, with channels from VNICs 1 and 2. */
@Timeout(20)
class GateTest {
  private static final Duration MAX_HOLD = Duration.ofSeconds(10);
  private static final GateSettings SETTINGS =
      new GateSettings(
          4000,
          2000,
          Duration.ofMillis(50),
          Duration.ofMillis(200),
          MAX_HOLD,
          Duration.ofSeconds(2));

  /** Of all gates: more than one log takes. */
  private static final long RECORD_BUDGET = 64 * 1024;

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
  private final VirtualClock clock = new VirtualClock();
  private final RememberedEvents events = new RememberedEvents();
  private final RememberedEgress egress = new RememberedEgress();
  private final RecordBudget budget = new RecordBudget(RECORD_BUDGET);
  private Gate gate = new Gate(0, 3, SETTINGS, budget, clock, allocator);
  private FakePort port = new FakePort(gate);
  private InChannel one = gate.addChannel(1, 0);
  private InChannel two = gate.addChannel(2, 0);

  private static final class RememberedEgress implements Egress {
    final List<Integer> epochs = new ArrayList<>();
    final List<Integer> marks = new ArrayList<>();

    @Override
    public @Nullable BadInput fault(long sourceAndType) {
      return null;
    }

    @Override
    public void send(int epoch, ByteBuf train, int frames) {
      epochs.addAll(Collections.nCopies(frames, epoch));
    }

    @Override
    public void mark(int epoch) {
      marks.add(epoch);
    }

    @Override
    public long sent() {
      return epochs.size();
    }

    @Override
    public Drops lost() {
      return new Drops();
    }

    @Override
    public long keptBack() {
      return 0;
    }

    @Override
    public void close() {
      // nothing is kept here
    }
  }

  private void openGate() {
    gate.connectTo(egress);
    gate.listen(events);
    gate.orders().attach(port);
    gate.orders().open();
  }

  private void arrive(InChannel channel, int epoch, long sequence) {
    ByteBuf framed = new TestFrame(0, channel.from(), (int) sequence).framed();
    gate.receive(channel, epoch, sequence, framed, 1);
    framed.release();
  }

  private void mark(InChannel channel, int epoch, long sent) {
    gate.receive(channel, new Marker(epoch, sent, new Drops()));
  }

  private void cut(int epoch) {
    assertThat(gate.orders().hold(epoch)).isCompleted();
    assertThat(gate.orders().turnRed(epoch)).isCompleted();
  }

  private List<Integer> numbersTaken() {
    port.takeAll();
    return port.taken.stream().map(TestFrame::number).toList();
  }

  @AfterEach
  void shouldLeaveNothingBehind() {
    gate.close();
    assertThat(allocator.metric().usedDirectMemory()).isZero();
    assertThat(budget.left()).isEqualTo(RECORD_BUDGET);
    assertThat(clock.pending()).isZero();
  }

  @Test
  void shouldCountFramesThatFindTheVmGone() {
    openGate();
    assertThat(gate.orders().shut()).isCompletedWithValueMatching(Held::quiet);
    arrive(one, 0, 1);
    arrive(one, 0, 2);
    port.dieWhenOffered();
    gate.orders().reopen();
    arrive(one, 0, 3);
    assertThat(gate.counters().waiting()).isZero();
    assertThat(gate.counters().drops().of(DropCause.VM_GONE)).isEqualTo(3);
    assertThat(events.closings).containsExactly("died");
  }

  @Test
  void shouldCountAFrameThatHasNotWaitedAndFindsTheVmGone() {
    openGate();
    port.dieWhenOffered();
    arrive(one, 0, 1);
    assertThat(gate.counters().waiting()).isZero();
    assertThat(gate.counters().drops().of(DropCause.VM_GONE)).isOne();
  }

  @Test
  void shouldHoldFramesForAMomentWithoutACut() {
    openGate();
    assertThat(gate.orders().shut()).isCompletedWithValueMatching(Held::quiet);
    arrive(one, 0, 1);
    assertThat(numbersTaken()).isEmpty();
    gate.orders().reopen();
    assertThat(numbersTaken()).containsExactly(1);
    assertThat(gate.counters().epoch()).isZero();
    gate.orders().reopen();
    arrive(one, 0, 2);
    assertThat(numbersTaken()).containsExactly(1, 2);
  }

  @Test
  void shouldLeaveAGateThatIsHeldForACutToTheCut() {
    openGate();
    assertThat(gate.orders().shut()).isCompleted();
    assertThat(gate.orders().hold(1)).isCompleted();
    gate.orders().reopen();
    arrive(one, 0, 1);
    assertThat(numbersTaken()).isEmpty();
    assertThat(gate.orders().shut()).isCompletedWithValueMatching(Held::quiet);
    gate.orders().reopen();
    assertThat(numbersTaken()).isEmpty();
    assertThat(gate.orders().turnRed(1)).isCompleted();
    gate.orders().reopen();
    assertThat(numbersTaken()).isEmpty();
    gate.orders().release(1);
    assertThat(numbersTaken()).containsExactly(1);
  }

  @Test
  void shouldDeliverFramesOfItsOwnEpoch() {
    openGate();
    arrive(one, 0, 1);
    arrive(two, 0, 1);
    assertThat(numbersTaken()).containsExactly(1, 1);
    assertThat(gate.counters().delivered()).isEqualTo(2);
  }

  @Test
  void shouldHoldEverythingUntilItIsFirstOpened() {
    gate.orders().attach(port);
    arrive(one, 0, 1);
    clock.advance(MAX_HOLD.multipliedBy(2));
    assertThat(numbersTaken()).isEmpty();
    gate.orders().open();
    assertThat(numbersTaken()).containsExactly(1);
  }

  @Test
  void shouldHoldRedFramesAndSayOnceThatTheyAreThere() {
    openGate();
    mark(one, 1, 0);
    arrive(one, 1, 1);
    arrive(two, 0, 1);
    assertThat(numbersTaken()).as("the white one").containsExactly(1);
    assertThat(events.red).containsExactly(1);
    cut(1);
    assertThat(gate.orders().release(1).heldFrames()).isEqualTo(1);
    assertThat(numbersTaken()).containsExactly(1, 1);
    assertThat(events.logs).isEmpty();
    mark(two, 1, 1);
    assertThat(events.logs).containsOnlyKeys(1);
  }

  @Test
  void shouldRecordAndDeliverWhiteFramesAfterTheCut() {
    openGate();
    cut(1);
    arrive(one, 0, 1);
    gate.orders().release(1);
    clock.advance(Duration.ofMillis(3));
    arrive(one, 0, 2);
    mark(one, 1, 2);
    arrive(one, 1, 3);
    mark(two, 1, 0);
    assertThat(numbersTaken()).containsExactly(1, 2, 3);
    RememberedEvents.Log log = events.logs.get(1);
    assertThat(log).isNotNull();
    if (log != null) {
      assertThat(log.frames()).extracting(RecordedFrame::getSequence).containsExactly(1L, 2L);
      assertThat(log.frames()).extracting(RecordedFrame::getOffsetUs).containsExactly(0L, 3000L);
      ChannelRecord account = log.channels().getFirst();
      assertThat(account.getSent()).isEqualTo(2);
      assertThat(account.getRecorded()).isEqualTo(2);
      assertThat(account.getDelivered()).isZero();
    }
  }

  @Test
  void shouldStampFramesWithTheEpochAndMarkWhenItTurns() {
    openGate();
    port.emit(new TestFrame(1, 0, 1));
    port.readTrain();
    assertThat(gate.orders().hold(1)).isCompleted();
    port.emit(new TestFrame(1, 0, 2));
    var red = gate.orders().turnRed(1);
    assertThat(red).isNotCompleted();
    assertThat(egress.marks).isEmpty();
    port.readTrain();
    clock.advance(Duration.ofMillis(1));
    assertThat(red).isCompletedWithValue(new TurnedRed(1, 1));
    port.emit(new TestFrame(1, 0, 3));
    port.readTrain();
    assertThat(egress.epochs).containsExactly(0, 0, 1);
    assertThat(egress.marks).containsExactly(1);
  }

  @Test
  void shouldRefuseToTurnRedWhenTheVmsFramesCannotBeRead() {
    openGate();
    assertThat(gate.orders().hold(1)).isCompleted();
    port.emit(new TestFrame(1, 0, 1));
    var red = gate.orders().turnRed(1);
    clock.advance(SETTINGS.drainDeadline().plusMillis(1));
    assertThat(red).isCompletedExceptionally();
    assertThat(gate.epoch()).isZero();
    assertThat(gate.orders().abort(1)).isEqualTo(1);
  }

  @Test
  void shouldSayWhenTheVmDoesNotBecomeQuiet() {
    openGate();
    arrive(one, 0, 1);
    var held = gate.orders().hold(1);
    clock.advance(Duration.ofMillis(49));
    assertThat(held).isNotCompleted();
    clock.advance(Duration.ofMillis(2));
    assertThat(held).isCompletedWithValueMatching(result -> !result.quiet());
    gate.orders().abort(1);
  }

  @Test
  void shouldTakeBackWhatTheVmHasNotBeenGiven() {
    openGate();
    port.capacity(1);
    arrive(one, 0, 1);
    arrive(one, 0, 2);
    assertThat(gate.counters().delivered()).isEqualTo(1);
    var held = gate.orders().hold(1);
    port.takeAll();
    clock.advance(Duration.ofMillis(1));
    assertThat(held).isCompletedWithValueMatching(Held::quiet);
    assertThat(port.taken).hasSize(1);
    assertThat(gate.orders().turnRed(1)).isCompleted();
    assertThat(gate.orders().release(1).heldFrames()).isEqualTo(1);
    mark(one, 1, 2);
    mark(two, 1, 0);
    RememberedEvents.Log log = events.logs.get(1);
    assertThat(log == null ? List.of() : log.frames()).hasSize(1);
    assertThat(numbersTaken()).containsExactly(1, 2);
  }

  @Test
  void shouldCarryOutOrdersOnceThatArriveTwice() {
    openGate();
    cut(1);
    cut(1);
    assertThat(egress.marks).containsExactly(1);
    arrive(one, 0, 1);
    assertThat(gate.orders().release(1).heldFrames()).isEqualTo(1);
    assertThat(gate.orders().release(1).heldFrames()).isEqualTo(1);
    mark(one, 1, 1);
    mark(one, 1, 1);
    assertThat(gate.counters().stale()).isEqualTo(1);
    gate.orders().abort(1);
    gate.orders().abort(1);
    assertThat(gate.state()).isEqualTo(Gate.State.OPEN);
  }

  @Test
  void shouldRefuseOrdersForACutThatIsOver() {
    openGate();
    gate.orders().abort(2);
    assertThatThrownBy(() -> gate.orders().hold(2)).isInstanceOf(Refusal.class);
    assertThatThrownBy(() -> gate.orders().turnRed(2)).isInstanceOf(Refusal.class);
    assertThatThrownBy(() -> gate.orders().release(2)).isInstanceOf(Refusal.class);
    assertThat(gate.orders().hold(3)).isCompleted();
    gate.orders().abort(2);
    assertThat(gate.state()).as("a late abort does not open it").isEqualTo(Gate.State.HOLDING);
    gate.orders().abort(3);
    assertThat(gate.state()).isEqualTo(Gate.State.OPEN);
  }

  @Test
  void shouldForgetTheLogWhenTheCutIsAborted() {
    openGate();
    cut(1);
    arrive(one, 0, 1);
    gate.orders().abort(1);
    mark(one, 1, 1);
    mark(two, 1, 0);
    assertThat(events.logs).isEmpty();
    assertThat(numbersTaken()).containsExactly(1);
  }

  @Test
  void shouldOpenByItselfWhenOrdersStopComing() {
    openGate();
    assertThat(gate.orders().hold(1)).isCompleted();
    arrive(one, 0, 1);
    mark(two, 2, 0);
    arrive(two, 2, 1);
    clock.advance(MAX_HOLD.plusMillis(1));
    assertThat(events.expired).containsExactly(2);
    assertThat(gate.epoch()).isEqualTo(2);
    assertThat(numbersTaken()).containsExactly(1, 1);
  }

  @Test
  void shouldOpenToRedFramesThatNobodyFollowsUp() {
    openGate();
    mark(one, 1, 0);
    arrive(one, 1, 1);
    clock.advance(MAX_HOLD.plusMillis(1));
    assertThat(events.expired).containsExactly(1);
    assertThat(numbersTaken()).containsExactly(1);
  }

  @Test
  void shouldCountWhatDoesNotFitAsHeldOrQueued() {
    openGate();
    port.capacity(0);
    for (int i = 1; i <= 20; i++) {
      arrive(one, 0, i);
    }
    long queued = gate.counters().waiting();
    assertThat(gate.counters().drops().of(DropCause.QUEUE_FULL)).isEqualTo(20 - queued);
    var held = gate.orders().hold(1);
    assertThat(held).isCompleted();
    arrive(two, 0, 1);
    assertThat(gate.counters().drops().of(DropCause.HOLD_FULL)).isEqualTo(1);
    assertThat(gate.counters().waitingBytes()).isLessThanOrEqualTo(SETTINGS.queueBytes());
  }

  @Test
  void shouldGiveUpALogThatDoesNotFit() {
    openGate();
    cut(1);
    gate.orders().release(1);
    for (int i = 1; i <= 20; i++) {
      arrive(one, 0, i);
    }
    assertThat(events.failures).singleElement().asString().contains("record-bytes");
    assertThat(numbersTaken()).hasSize(20);
    mark(one, 1, 20);
    mark(two, 1, 0);
    assertThat(events.logs).isEmpty();
  }

  @Test
  void shouldGiveUpALogForWhichTheHostHasNoMemoryAndDeliverEveryFrame() throws Exception {
    openGate();
    cut(1);
    gate.orders().release(1);
    ByteBuf others = budget.take((int) RECORD_BUDGET); // other gates record
    for (int i = 1; i <= 5; i++) {
      arrive(one, 0, i);
    }
    assertThat(events.failures).singleElement().asString().contains("vnsnap.net.host-record-bytes");
    assertThat(numbersTaken()).containsExactly(1, 2, 3, 4, 5);
    budget.giveBack(others);
    gate.orders().abort(1);
    cut(2);
    gate.orders().release(2);
    arrive(one, 0, 6);
    mark(one, 2, 6);
    mark(two, 2, 0);
    assertThat(requireNonNull(events.logs.get(2)).frames()).hasSize(1);
  }

  @Test
  void shouldCountALogAgainstTheHostsMemoryUntilItIsStored() {
    openGate();
    for (int cut = 1; cut <= 3; cut++) {
      cut(cut);
      gate.orders().release(cut);
      assertThat(budget.left()).as("what is left of the log before").isEqualTo(RECORD_BUDGET);
      arrive(one, cut - 1, cut);
      mark(one, cut, cut);
      mark(two, cut, 0);
      assertThat(numbersTaken()).hasSize(cut);
      assertThat(budget.left()).isLessThan(RECORD_BUDGET);
    }
    RememberedEvents.Log last = requireNonNull(events.logs.get(3));
    assertThat(last.frames()).hasSize(1);
    last.free().run();
    last.free().run();
    assertThat(budget.left()).isEqualTo(RECORD_BUDGET);
  }

  @Test
  void shouldForgetFramesThatComeTwiceAndCountThoseThatDoNotCome() {
    openGate();
    arrive(one, 0, 1);
    arrive(one, 0, 1);
    arrive(one, 0, 4);
    assertThat(numbersTaken()).containsExactly(1, 4);
    assertThat(gate.counters().stale()).isEqualTo(1);
    assertThat(gate.counters().missing()).isEqualTo(2);
  }

  @Test
  void shouldNotBalanceAChannelThatMissesAFrameUnexplained() {
    openGate();
    arrive(one, 0, 1);
    numbersTaken();
    cut(1);
    Drops refused = new Drops();
    refused.add(DropCause.TRUNK_FULL);
    gate.receive(one, new Marker(1, 2, refused));
    gate.receive(two, new Marker(1, 1, new Drops()));
    gate.orders().release(1);
    List<ChannelRecord> closed = requireNonNull(events.logs.get(1)).channels();
    assertThat(closed.get(0).getDropsList())
        .singleElement()
        .satisfies(d -> assertThat(d.getFrames()).isEqualTo(1));
    assertThat(closed.get(0).getSent()).isEqualTo(closed.get(0).getDelivered() + 1);
    assertThat(closed.get(1).getSent()).isEqualTo(1);
    assertThat(closed.get(1).getDelivered() + closed.get(1).getDropsCount()).isZero();
  }

  @Test
  void shouldReplayRecordedFramesWithTheirSpacingBeforeAllOthers() {
    gate = new Gate(0, 3, SETTINGS, budget, clock, allocator);
    port = new FakePort(gate);
    one = gate.addChannel(1, 2);
    two = gate.addChannel(2, 1);
    gate.orders()
        .preload(List.of(recorded(1, 1, 0), recorded(2, 1, 500), recorded(1, 2, 9_000_000)));
    openGate();
    arrive(two, 0, 2);
    assertThat(numbersTaken()).hasSize(1);
    clock.advance(Duration.ofMillis(1));
    assertThat(port.taken).hasSize(1);
    assertThat(numbersTaken()).hasSize(2);
    clock.advance(SETTINGS.maxReplay());
    assertThat(numbersTaken()).containsExactly(1, 1, 2, 2);
    assertThat(gate.counters().delivered()).isEqualTo(4);
  }

  @Test
  void shouldRefuseAChannelLogThatIsNotWhatWasAnnounced() {
    List<RecordedFrame> surprise = List.of(recorded(1, 1, 0));
    assertThatThrownBy(() -> gate.orders().preload(surprise))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("announced");
    List<RecordedFrame> stranger = List.of(recorded(0, 1, 0));
    assertThatThrownBy(() -> gate.orders().preload(stranger))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("another link");
  }

  @Test
  void shouldCountFramesForAVmThatIsGone() {
    openGate();
    port.capacity(0);
    arrive(one, 0, 1);
    port.die();
    arrive(one, 0, 2);
    assertThat(events.closings).containsExactly("died");
    assertThat(gate.counters().drops().of(DropCause.VM_GONE)).isEqualTo(2);
    assertThatThrownBy(() -> gate.orders().hold(1)).isInstanceOf(Refusal.class);
  }

  private static RecordedFrame recorded(int from, int number, long offsetMicros) {
    ByteBuf framed = new TestFrame(0, from, number).framed();
    byte[] frame = new byte[framed.readableBytes() - 4];
    framed.getBytes(4, frame);
    return RecordedFrame.newBuilder()
        .setFrom(from)
        .setSequence(number + 100)
        .setOffsetUs(offsetMicros)
        .setFrame(com.google.protobuf.ByteString.copyFrom(frame))
        .build();
  }
}
