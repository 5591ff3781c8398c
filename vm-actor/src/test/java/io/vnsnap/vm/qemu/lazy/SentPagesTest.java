package io.vnsnap.vm.qemu.lazy;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.store.ImageReader;
import java.util.List;
import org.junit.jupiter.api.Test;

class SentPagesTest {
  private final SentPages sent =
      new SentPages(
          List.of(new ImageReader.Block("a", 130 * 4096L), new ImageReader.Block("b", 64 * 4096L)));

  @Test
  void shouldGiveEachPageToOneClaimant() {
    assertThat(sent.total()).isEqualTo(194);
    assertThat(sent.claimed(0, 64)).isFalse();
    assertThat(sent.claim(0, 64)).isTrue();
    assertThat(sent.claim(0, 64)).isFalse();
    assertThat(sent.claimed(0, 64)).isTrue();
    assertThat(sent.claimed(1, 0)).isFalse();
  }

  @Test
  void shouldFindWhatIsLeft() {
    for (long page = 0; page < 130; page++) {
      if (page != 63 && page != 129) {
        sent.claim(0, page);
      }
    }
    assertThat(sent.nextUnclaimed(0, 0)).isEqualTo(63);
    assertThat(sent.nextUnclaimed(0, 64)).isEqualTo(129);
    sent.claim(0, 129);
    assertThat(sent.nextUnclaimed(0, 64)).isEqualTo(130);
    assertThat(sent.nextUnclaimed(1, 63)).isEqualTo(63);
    assertThat(sent.nextUnclaimed(1, 64)).isEqualTo(64);
  }
}
