package io.vnsnap.simulation.akka;

import akka.dispatch.Futures;
import akka.persistence.AtomicWrite;
import akka.persistence.PersistentRepr;
import akka.persistence.journal.japi.AsyncWriteJournal;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import scala.concurrent.Future;
import scala.concurrent.Promise;
import scala.jdk.javaapi.CollectionConverters;

/** The journal's plugin: events in the {@link JournalDisk}. */
public final class MemoryJournal extends AsyncWriteJournal {

  /** Made by the actor system. */
  public MemoryJournal() {}

  @Override
  public Future<Iterable<Optional<Exception>>> doAsyncWriteMessages(
      Iterable<AtomicWrite> messages) {
    JournalDisk disk = JournalDisk.current();
    boolean fails = disk.takeFailure();
    Promise<Iterable<Optional<Exception>>> done = Futures.promise();
    disk.kernel()
        .after(
            disk.latency(),
            disk.kernel().system(),
            () -> {
              if (!fails || disk.isDoneAllTheSame()) {
                messages.forEach(write -> write(disk, write));
              }
              if (fails) {
                done.failure(new IOException("the journal's database has hung up"));
              } else {
                done.success(allWell(messages));
              }
            });
    return done.future();
  }

  private static void write(JournalDisk disk, AtomicWrite write) {
    disk.add(write.persistenceId(), CollectionConverters.asJava(write.payload()));
  }

  private static Iterable<Optional<Exception>> allWell(Iterable<AtomicWrite> messages) {
    List<Optional<Exception>> results = new ArrayList<>();
    messages.forEach(message -> results.add(Optional.empty()));
    return results;
  }

  @Override
  public Future<Void> doAsyncDeleteMessagesTo(String persistenceId, long toSequence) {
    JournalDisk.current()
        .eventsOf(persistenceId)
        .removeIf(event -> event.sequenceNr() <= toSequence);
    return Futures.successful(null);
  }

  @Override
  public Future<Void> doAsyncReplayMessages(
      String persistenceId, long from, long to, long most, Consumer<PersistentRepr> replay) {
    JournalDisk.current().eventsOf(persistenceId).stream()
        .filter(event -> event.sequenceNr() >= from && event.sequenceNr() <= to)
        .limit(most)
        .forEach(replay);
    return Futures.successful(null);
  }

  @Override
  public Future<Long> doAsyncReadHighestSequenceNr(String persistenceId, long from) {
    JournalDisk disk = JournalDisk.current();
    Promise<Long> highest = Futures.promise();
    disk.kernel()
        .after(
            disk.latency(),
            disk.kernel().system(),
            () ->
                highest.success(
                    disk.eventsOf(persistenceId).stream()
                        .mapToLong(PersistentRepr::sequenceNr)
                        .max()
                        .orElse(0)));
    return highest.future();
  }
}
