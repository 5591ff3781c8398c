package io.vnsnap.vm.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import io.vnsnap.vm.sim.guest.GuestMemory;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SimulatedImageTest {
  private static final int MEMORY_PAGES = 256;
  private static final int PAGES = 3;
  private static final byte[] GOOD = image();
  private static final long BLOCK_BYTES_AT = 8 + 2 + 1 + 1 + 3;

  /** More than the memory of the good image, its buffers, and what messages take. */
  private static final long MOST_ALLOCATED = 4 << 20;

  private static byte[] image() {
    ByteBuffer buffer = ByteBuffer.allocate(PAGES * ImageEncoder.MAX_RECORD_BYTES + 256);
    ImageEncoder encoder = new ImageEncoder(buffer);
    encoder.header((long) MEMORY_PAGES * GuestMemory.PAGE);
    encoder.devices(new SimulatedImage.Devices(17, 23));
    Random random = new Random(1);
    for (int i = 0; i < PAGES; i++) {
      byte[] page = new byte[GuestMemory.PAGE];
      random.nextBytes(page);
      encoder.page(0, 2L * i * GuestMemory.PAGE, page);
    }
    encoder.end();
    ByteBuffer all = encoder.take(true);
    byte[] bytes = new byte[all.remaining()];
    all.get(bytes);
    return bytes;
  }

  /** Gives bytes in pieces of changing length, without any check of its own. */
  private static final class Pieces implements ImageReader {
    private final ByteBuffer content;
    private final Random random = new Random(3);

    Pieces(byte[] content) {
      this.content = ByteBuffer.wrap(content);
    }

    @Override
    public long bytes() {
      return content.capacity();
    }

    @Override
    public int read(ByteBuffer into) {
      int n = Math.min(Math.min(content.remaining(), into.remaining()), 1 + random.nextInt(5000));
      into.put(into.position(), content, content.position(), n);
      into.position(into.position() + n);
      content.position(content.position() + n);
      return n == 0 ? -1 : n;
    }

    @Override
    public void close() {
      // Nothing is open.
    }
  }

  private static Loaded load(byte[] image) throws IOException {
    return Loaded.read(new GuestMemory(MEMORY_PAGES), new Pieces(image));
  }

  @Test
  void shouldReadWhatWasWritten() throws IOException {
    Loaded loaded = load(GOOD);
    assertThat(loaded.devices()).isEqualTo(new SimulatedImage.Devices(17, 23));
    assertThat(loaded.memory().dirtyPages()).isEqualTo(PAGES);
    Random random = new Random(1);
    var frozen = loaded.memory().freeze();
    for (int i = 0; i < PAGES; i++) {
      byte[] page = new byte[GuestMemory.PAGE];
      random.nextBytes(page);
      assertThat(frozen.take(2 * i)).isEqualTo(page);
    }
  }

  @Property(tries = 400)
  void shouldRefuseAnImageThatIsCutShort(@ForAll @IntRange(max = 12_000) int length) {
    byte[] cut = Arrays.copyOf(GOOD, Math.min(length, GOOD.length - 1));
    assertThatThrownBy(() -> load(cut)).isInstanceOf(DamagedSnapshotException.class);
  }

  @Property(tries = 2000)
  void shouldRefuseAnImageWithAFlippedBit(
      @ForAll @IntRange(max = 12_000) int at, @ForAll @IntRange(max = 7) int bit) {
    byte[] flipped = GOOD.clone();
    flipped[at % GOOD.length] ^= (byte) (1 << bit);
    assertThatThrownBy(() -> load(flipped)).isInstanceOf(DamagedSnapshotException.class);
  }

  @Property(tries = 2000)
  void shouldSurviveAnything(@ForAll byte[] tail, @ForAll @IntRange(max = 60) int kept)
      throws IOException {
    byte[] image = Arrays.copyOf(GOOD, kept + tail.length);
    System.arraycopy(tail, 0, image, kept, tail.length);
    long before = allocated();
    assertThatThrownBy(() -> load(image)).isInstanceOf(DamagedSnapshotException.class);
    assertThat(allocated() - before).isLessThan(MOST_ALLOCATED);
  }

  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }

  @Test
  void shouldAllocateNothingForWhatAnImageOnlyClaims() {
    byte[] huge = GOOD.clone();
    ByteBuffer.wrap(huge).putLong((int) BLOCK_BYTES_AT, 1L << 60);
    long before = allocated();
    assertThatThrownBy(() -> load(huge)).isInstanceOf(DamagedSnapshotException.class);
    assertThat(allocated() - before).isLessThan(MOST_ALLOCATED);
  }

  @Test
  void shouldSayWhatIsWrong() {
    byte[] other = "QEVM".repeat(100).getBytes(StandardCharsets.US_ASCII);
    assertThatThrownBy(() -> load(other))
        .hasMessage("the image cannot be loaded: it is not the image of a simulated VM");
    byte[] newer = GOOD.clone();
    newer[9] = 2;
    assertThatThrownBy(() -> load(newer))
        .hasMessage("the image cannot be loaded: it has version 2, known is 1");
    byte[] longer = Arrays.copyOf(GOOD, GOOD.length + 1);
    assertThatThrownBy(() -> load(longer))
        .hasMessage("the image cannot be loaded: something follows its end");
    assertThatThrownBy(() -> Loaded.read(new GuestMemory(2), new Pieces(GOOD)))
        .hasMessageContaining("the image has a page at 8192 of ram, the VM has not");
    assertThatCode(() -> load(GOOD)).doesNotThrowAnyException();
  }
}
