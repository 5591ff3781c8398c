package io.vnsnap.simulation.akka;

import akka.dispatch.Futures;
import akka.persistence.SelectedSnapshot;
import akka.persistence.SnapshotMetadata;
import akka.persistence.SnapshotSelectionCriteria;
import akka.persistence.snapshot.japi.SnapshotStore;
import java.util.List;
import java.util.Optional;
import scala.concurrent.Future;

/** The plugin for actors' own states: in the {@link JournalDisk}. */
public final class MemorySnapshots extends SnapshotStore {

  /** Made by the actor system. */
  public MemorySnapshots() {}

  @Override
  public Future<Optional<SelectedSnapshot>> doLoadAsync(
      String persistenceId, SnapshotSelectionCriteria criteria) {
    List<SelectedSnapshot> all = JournalDisk.current().snapshotsOf(persistenceId);
    return Futures.successful(
        all.stream()
            .filter(one -> criteria.matches(one.metadata()))
            .reduce((older, newer) -> newer));
  }

  @Override
  public Future<Void> doSaveAsync(SnapshotMetadata metadata, Object snapshot) {
    JournalDisk.current()
        .snapshotsOf(metadata.persistenceId())
        .add(SelectedSnapshot.create(metadata, snapshot));
    return Futures.successful(null);
  }

  @Override
  public Future<Void> doDeleteAsync(SnapshotMetadata metadata) {
    JournalDisk.current()
        .snapshotsOf(metadata.persistenceId())
        .removeIf(one -> one.metadata().sequenceNr() == metadata.sequenceNr());
    return Futures.successful(null);
  }

  @Override
  public Future<Void> doDeleteAsync(String persistenceId, SnapshotSelectionCriteria criteria) {
    JournalDisk.current()
        .snapshotsOf(persistenceId)
        .removeIf(one -> criteria.matches(one.metadata()));
    return Futures.successful(null);
  }
}
