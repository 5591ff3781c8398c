package io.vnsnap.vm.qemu.lazy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.store.ImageReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class RequestDecoderTest {
  private static final List<ImageReader.Block> BLOCKS = SmallImage.BLOCKS;
  private static final int RAM_PAGES = 200;

  private final RequestDecoder decoder = new RequestDecoder(BLOCKS);

  private static ByteBuffer named(String name, long start, int length) {
    byte[] ascii = name.getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(64)
        .putShort((short) 3)
        .putShort((short) (13 + ascii.length))
        .putLong(start)
        .putInt(length)
        .put((byte) ascii.length)
        .put(ascii)
        .flip();
  }

  private static ByteBuffer same(long start, int length) {
    return ByteBuffer.allocate(16)
        .putShort((short) 4)
        .putShort((short) 12)
        .putLong(start)
        .putInt(length)
        .flip();
  }

  private static ByteBuffer number(int type, int value) {
    return ByteBuffer.allocate(8).putShort((short) type).putShort((short) 4).putInt(value).flip();
  }

  private void refuses(ByteBuffer message) {
    assertThatThrownBy(() -> decoder.next(message))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("makes no sense");
  }

  @Test
  void shouldUnderstandWhatQemuSays() throws Exception {
    assertThat(decoder.next(named("pc.bios", 4096, 8192))).contains(new Request.Pages(1, 1, 2));
    assertThat(decoder.next(same(0, 4096))).contains(new Request.Pages(1, 0, 1));
    assertThat(decoder.next(number(2, 3))).contains(new Request.Pong(3));
    assertThat(decoder.next(number(1, 0))).contains(new Request.Shut(0));
  }

  @Test
  void shouldTakeNothingUntilAMessageIsWhole() throws Exception {
    ByteBuffer whole = named("pc.ram", 0, 4096);
    for (int length = 0; length < whole.limit(); length++) {
      ByteBuffer part = whole.duplicate().limit(length);
      assertThat(decoder.next(part)).isEmpty();
      assertThat(part.position()).isZero();
    }
    assertThat(decoder.next(whole)).contains(new Request.Pages(0, 0, 1));
    assertThat(whole.hasRemaining()).isFalse();
  }

  @Test
  void shouldRefuseWhatNoQemuWithTheseBlocksWouldSend() {
    refuses(same(0, 4096));
    refuses(named("vga.ram", 0, 4096));
    refuses(named("pc.ram", 1, 4096));
    refuses(named("pc.ram", 0, 1));
    refuses(named("pc.ram", 0, 0));
    refuses(named("pc.ram", -4096, 4096));
    refuses(named("pc.ram", RAM_PAGES * 4096L, 4096));
    refuses(named("pc.ram", 0, (RAM_PAGES + 1) * 4096));
    refuses(named("pc.ram", Long.MAX_VALUE & -4096, 4096));
    refuses(number(0, 1));
    refuses(number(7, 1));
    refuses(ByteBuffer.allocate(4).putShort((short) 1).putShort((short) 0).flip());
    refuses(ByteBuffer.allocate(4).putShort((short) 3).putShort((short) 0xffff).flip());
  }

  @Property(tries = 2000)
  void shouldSurviveAnything(@ForAll @Size(max = 64) byte[] bytes) {
    ByteBuffer from = ByteBuffer.wrap(bytes);
    try {
      for (Optional<Request> next = decoder.next(from);
          next.isPresent();
          next = decoder.next(from)) {
        checkSane(next.get());
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("makes no sense");
    }
  }

  @Property(tries = 2000)
  void shouldSurviveChangesOfAGoodMessage(
      @ForAll @IntRange(max = 22) int at, @ForAll byte value, @ForAll long start) {
    ByteBuffer message = named("pc.ram", start & 0xff000, 4096);
    message.put(Math.min(at, message.limit() - 1), value);
    try {
      decoder.next(message).ifPresent(RequestDecoderTest::checkSane);
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("makes no sense");
    }
  }

  private static void checkSane(Request request) {
    if (request instanceof Request.Pages pages) {
      assertThat(pages.first()).isNotNegative();
      assertThat(pages.pages()).isPositive();
      assertThat((pages.first() + pages.pages()) * ImageReader.PAGE_BYTES)
          .isLessThanOrEqualTo(BLOCKS.get(pages.block()).bytes());
    }
  }
}
