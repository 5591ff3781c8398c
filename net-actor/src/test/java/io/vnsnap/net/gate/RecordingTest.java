package io.vnsnap.net.gate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.proto.RecordedFrame;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecordingTest {
  private static final int LARGE = RecordBudget.LARGE_PIECE_BYTES;
  private static final int FRAME_BYTES = 1500;
  private static final int FRAMES = 1000;
  private static final int LONGEST_TRAIN = 5;

  private final RecordBudget budget = new RecordBudget(8L * LARGE);
  private final InChannel channel = new InChannel(7, 1, 0);

  @Test
  void shouldRecordIntoTheMemoryOfAFreedLog() {
    Recording first = recorded(1, 'a');
    List<ByteString> kept = contents(first);
    assertThat(kept).hasSize(FRAMES).containsOnly(content('a'));
    first.free();
    Recording second = recorded(2, 'b');
    assertThat(contents(second)).hasSize(FRAMES).containsOnly(content('b'));
    // Kept against the rule, to see that there was no other memory for it.
    assertThat(kept).contains(content('b'));
  }

  @Test
  void shouldNumberTheFramesOfTrainsAndKeepTheOrderOfArrival() {
    Recording recording = new Recording(1, 0, 8L * LARGE, budget, 1);
    assertThat(recording.add(channel, 1, train('a', 3), 3, 2_000)).isNull();
    assertThat(recording.add(channel, 4, train('b', 1), 1, 9_000)).isNull();
    InChannel other = new InChannel(8, 1, 0);
    assertThat(recording.add(other, 11, train('c', 2), 2, 5_000)).isNull();
    assertThat(recording.frames())
        .extracting(RecordedFrame::getFrom, RecordedFrame::getSequence, RecordedFrame::getOffsetUs)
        .containsExactly(
            tuple(7, 1L, 2L),
            tuple(7, 2L, 2L),
            tuple(7, 3L, 2L),
            tuple(8, 11L, 5L),
            tuple(8, 12L, 5L),
            tuple(7, 4L, 9L));
  }

  @Test
  void shouldKeepNoMemoryOfAFreedLog() {
    Recording recording = recorded(1, 'a');
    Collection<RecordedFrame> frames = recording.frames();
    assertThat(frames).hasSize(FRAMES);
    recording.free();
    Iterator<RecordedFrame> read = frames.iterator();
    assertThatThrownBy(read::next).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void shouldLeaveALogThatIsGivenUpToItsReader() {
    Recording first = recorded(1, 'a');
    Collection<RecordedFrame> reading = first.frames();
    first.giveUp();
    first.free();
    assertThat(budget.left()).isEqualTo(budget.bytes());
    Recording second = recorded(2, 'b');
    assertThat(contents(second)).hasSize(FRAMES).containsOnly(content('b'));
    assertThat(reading).extracting(RecordedFrame::getFrame).containsOnly(content('a'));
  }

  @Test
  void shouldNotHandOutMoreThanItHas() {
    for (int i = 0; i < 8; i++) {
      assertThat(budget.take(LARGE)).hasSize(LARGE);
    }
    assertThat(budget.take(1)).isNull();
    budget.giveBack(new byte[LARGE]);
    assertThat(requireNonNull(budget.take(1))).hasSize(1);
    assertThat(budget.take(LARGE)).isNull();
  }

  private Recording recorded(int cut, char content) {
    Recording recording = new Recording(cut, 0, 8L * LARGE, budget, 1);
    int most = 1;
    for (int first = 1; first <= FRAMES; first += most) {
      most = Math.min(1 + first % LONGEST_TRAIN, FRAMES + 1 - first);
      assertThat(recording.add(channel, first, train(content, most), most, first)).isNull();
    }
    return recording;
  }

  private static List<ByteString> contents(Recording recording) {
    return recording.frames().stream().map(RecordedFrame::getFrame).toList();
  }

  private static ByteString content(char content) {
    byte[] bytes = new byte[FRAME_BYTES];
    Arrays.fill(bytes, (byte) content);
    return ByteString.copyFrom(bytes);
  }

  private static ByteBuf train(char content, int frames) {
    ByteBuf train = Unpooled.buffer(frames * (Framing.LENGTH_BYTES + FRAME_BYTES));
    for (int i = 0; i < frames; i++) {
      train.writeInt(FRAME_BYTES).writeBytes(content(content).toByteArray());
    }
    return train;
  }
}
