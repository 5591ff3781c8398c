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
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SimulatedImageTest {
  private static final int MEMORY_PAGES = 256;
  private static final int PAGES = 3;
  private static final byte[] GOOD = rest();

  /** More than the memory of the good image, its buffers, and what messages take. */
  private static final long MOST_ALLOCATED = 4 << 20;

  private static byte[] rest() {
    ByteBuffer all = ImageEncoder.rest(new SimulatedImage.Devices(17, 23));
    byte[] bytes = new byte[all.remaining()];
    all.get(bytes);
    return bytes;
  }

  /** Gives some pages, and the rest in pieces of changing length, without any check of its own. */
  private static final class Pieces implements ImageReader {
    private final ByteBuffer rest;
    private final Random random = new Random(3);
    private List<Block> blocks = List.of(new Block("ram", MEMORY_PAGES * (long) PAGE_BYTES));
    private int pageBytes = PAGE_BYTES;

    Pieces(byte[] rest) {
      this.rest = ByteBuffer.wrap(rest);
    }

    @Override
    public long bytes() {
      return rest.capacity();
    }

    @Override
    public List<Block> blocks() {
      return blocks;
    }

    @Override
    public PageScan scan() {
      return new SomePages(pageBytes);
    }

    @Override
    public int read(ByteBuffer into) {
      int n = Math.min(Math.min(rest.remaining(), into.remaining()), 1 + random.nextInt(10));
      into.put(into.position(), rest, rest.position(), n);
      into.position(into.position() + n);
      rest.position(rest.position() + n);
      return n == 0 ? -1 : n;
    }

    @Override
    public void close() {
      // Nothing is open.
    }
  }

  /** Pages 0, 2 and 4. */
  private static final class SomePages implements ImageReader.PageScan {
    private final Random random = new Random(1);
    private final byte[] content;
    private int given;

    SomePages(int bytes) {
      content = new byte[bytes];
    }

    @Override
    public boolean next() {
      random.nextBytes(content);
      return given++ < PAGES;
    }

    @Override
    public int block() {
      return 0;
    }

    @Override
    public long page() {
      return 2L * (given - 1);
    }

    @Override
    public ByteBuffer content() {
      return ByteBuffer.wrap(content);
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

  @Test
  void shouldRefuseAnImageThatIsCutShort() {
    for (int length = 0; length < GOOD.length; length++) {
      byte[] cut = Arrays.copyOf(GOOD, length);
      assertThatThrownBy(() -> load(cut)).isInstanceOf(DamagedSnapshotException.class);
    }
  }

  @Test
  void shouldRefuseAnImageWithAFlippedBit() {
    for (int bit = 0; bit < 8 * GOOD.length; bit++) {
      byte[] flipped = GOOD.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> load(flipped)).isInstanceOf(DamagedSnapshotException.class);
    }
  }

  @Property(tries = 2000)
  void shouldSurviveAnything(@ForAll byte[] tail, @ForAll @IntRange(max = 37) int kept)
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
  void shouldSayWhatIsWrong() {
    byte[] other = "QEVM".repeat(100).getBytes(StandardCharsets.US_ASCII);
    assertThatThrownBy(() -> load(other))
        .hasMessage("the image cannot be loaded: it is not the image of a simulated VM");
    byte[] newer = GOOD.clone();
    newer[9] = 1;
    assertThatThrownBy(() -> load(newer))
        .hasMessage("the image cannot be loaded: it has version 1, known is 2");
    byte[] longer = Arrays.copyOf(GOOD, GOOD.length + 1);
    assertThatThrownBy(() -> load(longer))
        .hasMessage("the image cannot be loaded: something follows its end");
    assertThatThrownBy(() -> Loaded.read(new GuestMemory(2), new Pieces(GOOD)))
        .hasMessageContaining("the image has page 2 of ram, the VM has not");
    Pieces none = new Pieces(GOOD);
    none.blocks = List.of();
    assertThatThrownBy(() -> Loaded.read(new GuestMemory(MEMORY_PAGES), none))
        .hasMessageContaining("it has no page 0 of block 0");
    Pieces small = new Pieces(GOOD);
    small.pageBytes = 4095;
    assertThatThrownBy(() -> Loaded.read(new GuestMemory(MEMORY_PAGES), small))
        .hasMessageContaining("it has no page 0 of block 0");
    assertThatCode(() -> load(GOOD)).doesNotThrowAnyException();
  }
}
