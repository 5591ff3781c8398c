package io.vnsnap.shell.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vnsnap.proto.Manifest;
import io.vnsnap.store.SnapshotStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code vnsnap prune}, and {@code snapshots} and {@code delete} without a node, on a store. */
@Timeout(60)
class PruneCommandTest {
  private final StoredSnapshots stored;
  private final SnapshotStore store;

  PruneCommandTest(@TempDir Path temporary) throws IOException {
    this.stored = new StoredSnapshots(temporary.resolve("store"));
    this.store = stored.store();
    seal("lab-1", "lab", "", "2026-03-01T10:10:00Z");
    seal("lab-2", "lab", "first", "2026-03-01T10:40:00Z");
    seal("lab-3", "lab", "", "2026-03-02T08:00:00Z");
    seal("web-1", "web", "", "2026-03-01T00:00:00Z");
    seal("web-2", "web", "", "2026-03-05T00:00:00Z");
  }

  @AfterEach
  void closeStore() throws IOException {
    stored.close();
  }

  private void seal(String id, String vne, String label, String taken) throws IOException {
    store.seal(
        Manifest.newBuilder()
            .setSnapshotId(id)
            .setVne(vne)
            .setLabel(label)
            .setCreatedEpochMs(Instant.parse(taken).toEpochMilli())
            .setExact(true)
            .build());
  }

  private List<String> left() throws IOException {
    return store.list().snapshots().stream().map(Manifest::getSnapshotId).sorted().toList();
  }

  @Test
  void shouldSayWhatItWouldDo() throws IOException {
    assertThat(stored.run("prune", "lab", "--keep-daily", "2", "--dry-run")).isZero();
    assertThat(stored.out())
        .isEqualTo(
            """
                    SNAPSHOT  LABEL  VNE  TAKEN                WHY
            keep    lab-3     -      lab  2026-03-02 08:00:00  newest, day 2026-03-02
            keep    lab-2     first  lab  2026-03-01 10:40:00  day 2026-03-01
            delete  lab-1     -      lab  2026-03-01 10:10:00  no rule keeps it
            1 would be deleted, 2 kept
            """);
    assertThat(left()).hasSize(5);
  }

  @Test
  void shouldPruneEveryVneByItself() throws IOException {
    assertThat(stored.run("prune", "--all", "--keep-last", "1", "--keep-labelled", "--yes"))
        .isZero();
    assertThat(stored.out()).endsWith("2 deleted, 3 kept. The space comes back with: vnsnap gc\n");
    assertThat(left()).containsExactly("lab-2", "lab-3", "web-2");
    assertThat(stored.run("prune", "--all", "--keep-last", "9", "--json")).isZero();
    JsonNode found = new ObjectMapper().readTree(stored.out());
    assertThat(found.at("/snapshots")).hasSize(3);
    assertThat(found.at("/snapshots/0/reasons/0").asText()).isEqualTo("newest");
  }

  @Test
  void shouldNotDeleteWithoutBeingToldTo() throws IOException {
    assertThat(stored.run("prune", "lab", "--keep-last", "1", "--json"))
        .isEqualTo(CommandLineInterface.FAILED);
    assertThat(stored.err()).isEqualTo("vnsnap: Delete 2 of 3 snapshots? Say so with --yes\n");
    assertThat(left()).hasSize(5);
  }

  @Test
  void shouldRefuseWhatMakesNoSense() {
    assertThat(stored.run("prune", "lab")).isEqualTo(CommandLineInterface.USAGE);
    assertThat(stored.err()).contains("which snapshots to keep?");
    assertThat(stored.run("prune", "--keep-last", "1")).isEqualTo(CommandLineInterface.USAGE);
    assertThat(stored.run("prune", "lab", "--keep-last", "-1"))
        .isEqualTo(CommandLineInterface.USAGE);
    assertThat(stored.run("prune", "lob", "--keep-last", "1"))
        .isEqualTo(CommandLineInterface.FAILED);
    assertThat(stored.err())
        .isEqualTo("vnsnap: there is no snapshot of a VNE 'lob'; there are some of: lab, web\n");
  }

  @Test
  void shouldListShowAndDeleteWithoutANode() throws IOException {
    assertThat(stored.run("snapshots")).isZero();
    assertThat(stored.out().lines()).hasSize(6);
    assertThat(stored.run("show", "first")).isZero();
    assertThat(stored.out()).startsWith("Snapshot lab-2 of VNE lab (first)\n");
    assertThat(stored.run("delete", "lab-1", "web-1", "--yes")).isZero();
    assertThat(left()).containsExactly("lab-2", "lab-3", "web-2");
    assertThat(stored.run("delete", "lab-1", "web-2", "--yes"))
        .isEqualTo(CommandLineInterface.FAILED);
    assertThat(left()).containsExactly("lab-2", "lab-3", "web-2");
  }
}
