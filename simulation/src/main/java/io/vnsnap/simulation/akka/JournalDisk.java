package io.vnsnap.simulation.akka;

import akka.persistence.PersistentRepr;
import akka.persistence.SelectedSnapshot;
import io.vnsnap.simulation.kernel.Kernel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The database behind the journal. It outlives all simulated processes. It takes its time, and when
 * it is told to, it fails.
 */
public final class JournalDisk {
  private static final int MOST_NANOS = 3_000_000;
  private static final ThreadLocal<JournalDisk> CURRENT = new ThreadLocal<>();

  private final Kernel kernel;
  private final SplittableRandom random;
  private final Map<String, List<PersistentRepr>> events = new LinkedHashMap<>();
  private final Map<String, List<SelectedSnapshot>> snapshots = new LinkedHashMap<>();
  private final List<Object> everything = new ArrayList<>();
  private boolean failing;

  /** An empty database, used by all journals of this thread from now on. */
  public JournalDisk(Kernel kernel) {
    this.kernel = kernel;
    this.random = kernel.newRandom();
    CURRENT.set(this);
  }

  static JournalDisk current() {
    return CURRENT.get();
  }

  /** The next write fails; it may have been done all the same, as nobody then can know. */
  public void failNext() {
    failing = true;
  }

  /** No write fails from now on. */
  public void behave() {
    failing = false;
  }

  /** All events, as they were written; those that a snapshot of an actor's state replaced, too. */
  public List<Object> allEvents() {
    return List.copyOf(everything);
  }

  Kernel kernel() {
    return kernel;
  }

  boolean takeFailure() {
    boolean fails = failing;
    failing = false;
    return fails;
  }

  boolean isDoneAllTheSame() {
    return random.nextBoolean();
  }

  long latency() {
    return 20_000L + random.nextInt(MOST_NANOS);
  }

  void add(String persistenceId, List<PersistentRepr> written) {
    eventsOf(persistenceId).addAll(written);
    written.forEach(event -> everything.add(event.payload()));
  }

  List<PersistentRepr> eventsOf(String persistenceId) {
    return events.computeIfAbsent(persistenceId, id -> new ArrayList<>());
  }

  List<SelectedSnapshot> snapshotsOf(String persistenceId) {
    return snapshots.computeIfAbsent(persistenceId, id -> new ArrayList<>());
  }
}
