package io.vnsnap.net.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.gate.RecordBudget.ExhaustedException;
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
  void shouldRecordIntoTheMemoryOfAFreedLog() throws ExhaustedException {
    Recording first = recorded(1, 'a');
    assertThat(contents(first)).hasSize(FRAMES).containsOnly(content('a'));
    // Kept against the rule, to see that there was no other memory for the next log.
    ByteBuf kept = first.add(channel, FRAMES + 1, train('a', 1), 1, FRAMES).duplicate();
    first.free();
    Recording second = recorded(2, 'b');
    ByteBuf unused = second.add(channel, FRAMES + 1, train('b', 1), 1, FRAMES);
    assertThat(contents(second)).hasSize(FRAMES + 1).containsOnly(content('b'));
    assertThat(kept).isEqualTo(train('b', 1));
  }

  @Test
  void shouldNumberTheFramesOfTrainsAndKeepTheOrderOfArrival() throws ExhaustedException {
    Recording recording = new Recording(1, 0, 8L * LARGE, budget, 1);
    ByteBuf unused = recording.add(channel, 1, train('a', 3), 3, 2_000);
    unused = recording.add(channel, 4, train('b', 1), 1, 9_000);
    InChannel other = new InChannel(8, 1, 0);
    unused = recording.add(other, 11, train('c', 2), 2, 5_000);
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
  void shouldKeepNoMemoryOfAFreedLog() throws ExhaustedException {
    Recording recording = recorded(1, 'a');
    Collection<RecordedFrame> frames = recording.frames();
    assertThat(frames).hasSize(FRAMES);
    recording.free();
    Iterator<RecordedFrame> read = frames.iterator();
    assertThatThrownBy(read::next).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void shouldLeaveALogThatIsGivenUpToItsReader() throws ExhaustedException {
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
  void shouldNotRecordIntoMemoryThatASocketStillSendsFrom() throws ExhaustedException {
    Recording first = recorded(1, 'a');
    ByteBuf sent = first.add(channel, FRAMES + 1, train('a', 2), 2, 0).retainedDuplicate();
    first.free();
    assertThat(budget.left()).isEqualTo(budget.bytes());
    Recording second = recorded(2, 'b');
    assertThat(contents(second)).hasSize(FRAMES).containsOnly(content('b'));
    assertThat(sent).isEqualTo(train('a', 2));
  }

  @Test
  void shouldNotHandOutMoreThanItHas() throws ExhaustedException {
    ByteBuf piece = budget.take(LARGE);
    for (int i = 1; i < 8; i++) {
      assertThat(budget.take(LARGE).capacity()).isEqualTo(LARGE);
    }
    assertThatThrownBy(() -> budget.take(1))
        .isInstanceOf(ExhaustedException.class)
        .hasMessageContaining("host-record-bytes");
    budget.giveBack(piece);
    assertThat(budget.take(1).capacity()).isOne();
    assertThatThrownBy(() -> budget.take(LARGE)).isInstanceOf(ExhaustedException.class);
  }

  @Test
  void shouldSayWhenTheJvmHasNoDirectMemoryLeft() {
    RecordBudget starved =
        new RecordBudget(
            LARGE,
            size -> {
              throw new OutOfMemoryError("Cannot reserve %d bytes".formatted(size));
            });
    Recording recording = new Recording(1, 0, LARGE, starved, 1);
    assertThatThrownBy(() -> recording.add(channel, 1, train('a', 1), 1, 0))
        .isInstanceOf(ExhaustedException.class)
        .hasMessageContaining("-XX:MaxDirectMemorySize")
        .hasMessageContaining("Cannot reserve 4096 bytes");
    assertThat(starved.left()).isEqualTo(LARGE);
    assertThat(recording.frames()).isEmpty();
  }

  private Recording recorded(int cut, char content) throws ExhaustedException {
    Recording recording = new Recording(cut, 0, 8L * LARGE, budget, 1);
    int most = 1;
    for (int first = 1; first <= FRAMES; first += most) {
      most = Math.min(1 + first % LONGEST_TRAIN, FRAMES + 1 - first);
      ByteBuf train = train(content, most);
      assertThat(recording.add(channel, first, train, most, first)).isEqualTo(train);
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
