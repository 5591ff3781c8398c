package io.vnsnap.vm.sim.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class GuestMemoryTest {
  private static final int PAGES = 16;
  private static final int WORDS = PAGES * GuestMemory.PAGE / Long.BYTES;

  @Test
  void shouldBeZeroUntilWritten() {
    GuestMemory memory = new GuestMemory(PAGES);
    assertThat(memory.word(8 * 100)).isZero();
    assertThat(memory.dirtyPages()).isZero();
    memory.setWord(GuestMemory.PAGE, 7);
    assertThat(memory.word(GuestMemory.PAGE)).isEqualTo(7);
    assertThat(memory.dirtyPages()).isEqualTo(1);
    assertThat(memory.isDirty(1)).isTrue();
    assertThatThrownBy(() -> memory.setWord(PAGES * GuestMemory.PAGE, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void shouldCopyAPageOnlyOnceAndOnlyUntilItIsTaken() {
    GuestMemory memory = new GuestMemory(PAGES);
    for (int page = 0; page < 4; page++) {
      memory.setWord(page * GuestMemory.PAGE, page);
    }
    FrozenMemory frozen = memory.freeze();
    assertThat(frozen.dirtyPages()).isEqualTo(4);
    assertThat(memory.dirtyPages()).isZero();
    memory.setWord(0, 100);
    memory.setWord(8, 100);
    assertThat(memory.copiedPages()).isEqualTo(1);
    assertThat(frozen.take(1)).isNotNull();
    memory.setWord(GuestMemory.PAGE, 100);
    assertThat(memory.copiedPages()).as("page 1 was taken before").isEqualTo(1);
    assertThat(frozen.take(1)).isNull();
    frozen.release();
    memory.setWord(2 * GuestMemory.PAGE, 100);
    assertThat(memory.copiedPages()).as("released").isEqualTo(1);
    assertThat(memory.dirtyPages()).isEqualTo(3);
  }

  @Test
  void shouldBeFrozenOnceAtATime() {
    GuestMemory memory = new GuestMemory(PAGES);
    FrozenMemory frozen = memory.freeze();
    assertThatThrownBy(memory::freeze).isInstanceOf(IllegalStateException.class);
    frozen.release();
    assertThat(memory.freeze().size()).isZero();
  }

  @Property(tries = 200)
  void shouldKeepFrozenMemoryAsItWas(@ForAll long seed) {
    Random random = new Random(seed);
    GuestMemory memory = new GuestMemory(PAGES);
    long[] model = new long[WORDS];
    for (int i = 0; i < 100; i++) {
      write(memory, model, random);
    }
    FrozenMemory frozen = memory.freeze();
    long[] then = model.clone();
    int page = 0;
    while (page < frozen.size()) {
      for (int i = random.nextInt(20); i > 0; i--) {
        write(memory, model, random);
      }
      byte[] content = frozen.take(page);
      GuestMemory seen = new GuestMemory(PAGES);
      if (content != null) {
        seen.load(page, content.clone());
      }
      for (int w = 0; w < GuestMemory.PAGE; w += Long.BYTES) {
        int address = page * GuestMemory.PAGE + w;
        assertThat(seen.word(address)).isEqualTo(then[address / Long.BYTES]);
      }
      page++;
    }
    frozen.release();
    for (int w = 0; w < WORDS; w++) {
      assertThat(memory.word(w * Long.BYTES)).isEqualTo(model[w]);
    }
  }

  private static void write(GuestMemory memory, long[] model, Random random) {
    int word = random.nextInt(WORDS);
    long value = random.nextLong();
    memory.setWord(word * Long.BYTES, value);
    model[word] = value;
  }
}
