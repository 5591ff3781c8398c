package io.vnsnap.vm.qemu.lazy;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.store.ImageReader;
import java.nio.ByteBuffer;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class StartOrderTest {
  private static final List<ImageReader.Block> BLOCKS =
      List.of(
          new ImageReader.Block("pc.ram", 4L << 30), new ImageReader.Block("pc.bios", 256 << 10));

  private static StartOrder order(long... pages) {
    StartOrder.Recorder recorder = new StartOrder.Recorder();
    for (long page : pages) {
      recorder.needed(0, page, 1);
    }
    return recorder.order();
  }

  @Test
  void shouldJoinWhatIsAdjacentAndComeBackTheSame() {
    StartOrder.Recorder recorder = new StartOrder.Recorder();
    recorder.needed(0, 7, 1);
    recorder.needed(0, 8, 15);
    recorder.needed(1, 23, 2);
    recorder.needed(0, 1_000_000, 1);
    StartOrder order = StartOrder.decode(recorder.order().encode(), BLOCKS).orElseThrow();
    assertThat(order.runs()).isEqualTo(3);
    assertThat(order.block(0)).isZero();
    assertThat(order.first(0)).isEqualTo(7);
    assertThat(order.pages(0)).isEqualTo(16);
    assertThat(order.block(1)).isEqualTo(1);
    assertThat(order.first(1)).isEqualTo(23);
    assertThat(order.pages(1)).isEqualTo(2);
    assertThat(order.first(2)).isEqualTo(1_000_000);
    assertThat(order.pages()).isEqualTo(19);
  }

  @Test
  void shouldPutWhatALaterStartNeededBehind() {
    StartOrder both = order(3, 9).then(order(100));
    assertThat(both.runs()).isEqualTo(3);
    assertThat(both.first(2)).isEqualTo(100);
  }

  @Test
  void shouldNotGrowWithoutBound() {
    StartOrder.Recorder recorder = new StartOrder.Recorder();
    for (long page = 0; page < 3L * StartOrder.MAX_PAGES; page += 2) {
      recorder.needed(0, page, 1);
    }
    StartOrder full = recorder.order();
    assertThat(full.pages()).isEqualTo(StartOrder.MAX_PAGES);
    assertThat(full.then(order(1, 3)).pages()).isEqualTo(StartOrder.MAX_PAGES);
    assertThat(StartOrder.decode(full.encode(), BLOCKS)).isPresent();
  }

  @Test
  void shouldBeNoneOfAnImageWithOtherBlocks() {
    ByteBuffer hint = order(70).encode();
    assertThat(StartOrder.decode(hint, List.of(new ImageReader.Block("pc.ram", 70 * 4096))))
        .isEmpty();
    assertThat(StartOrder.decode(hint, List.of(new ImageReader.Block("pc.ram", 71 * 4096))))
        .isPresent();
  }

  @Property(tries = 2000)
  void shouldSurviveAnyHint(
      @ForAll @Size(max = 40) byte[] tail, @ForAll @IntRange(max = 16) int kept) {
    ByteBuffer good = order(7, 9).encode();
    byte[] bytes = new byte[kept + tail.length];
    good.get(0, bytes, 0, Math.min(kept, good.limit()));
    System.arraycopy(tail, 0, bytes, kept, tail.length);
    StartOrder.decode(ByteBuffer.wrap(bytes), BLOCKS)
        .ifPresent(order -> {
          for (int run = 0; run < order.runs(); run++) {
            assertThat((order.first(run) + order.pages(run)) * ImageReader.PAGE_BYTES)
                .isLessThanOrEqualTo(BLOCKS.get(order.block(run)).bytes());
          }
        });
  }
}
