package io.vnsnap.shell.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.proto.Manifest;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class SnapshotReferenceTest {
  private final List<Manifest> snapshots =
      List.of(snapshot("lab-1", "lab-12"), snapshot("lab-12", "x"), snapshot("lab-2", "x"));

  private static Manifest snapshot(String id, String label) {
    return Manifest.newBuilder().setSnapshotId(id).setLabel(label).build();
  }

  private String id(String reference) throws RefusedException {
    return SnapshotReference.resolve(reference, snapshots).getSnapshotId();
  }

  @Test
  void shouldPreferIdsToLabelsToPrefixes() throws RefusedException {
    assertThat(id("lab-12")).isEqualTo("lab-12");
    assertThat(id("lab-1")).isEqualTo("lab-1");
    assertThat(id("lab-2")).isEqualTo("lab-2");
  }

  @Test
  void shouldTakeAnUnambiguousBeginning() throws RefusedException {
    assertThat(SnapshotReference.resolve("lab-2", snapshots.subList(1, 3)).getSnapshotId())
        .isEqualTo("lab-2");
  }

  @Test
  void shouldListWhatIsAmbiguous() {
    assertThatThrownBy(() -> id("x"))
        .isInstanceOf(RefusedException.class)
        .hasMessage("'x' means 2 snapshots: lab-12, lab-2; give more of the id");
    assertThatThrownBy(() -> id("lab"))
        .hasMessage("'lab' means 3 snapshots: lab-1, lab-12, lab-2; give more of the id");
  }

  @Test
  void shouldRefuseWhatIsNotThere() {
    assertThatThrownBy(() -> id("")).hasMessageContaining("no snapshot has the id");
    assertThatThrownBy(() -> id("web")).hasMessageContaining("see vnsnap snapshots");
  }
}
