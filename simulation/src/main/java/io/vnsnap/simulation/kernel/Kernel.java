package io.vnsnap.simulation.kernel;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Virtual time and everything that is to happen in it, on one thread, decided by a seed.
 *
 * <p>Design note. All code under simulation runs as an {@link Event}: a run of an actor's mailbox,
 * a turn of an event loop, a piece of blocking work, the arrival of bytes. An event that only needs
 * a processor becomes due after a short time drawn from the seed, now and then a long one, as
 * threads of a busy machine do; so the seed decides who is first, and time passes. Between two
 * events nothing happens; during one, no time passes.
 *
 * <p>There is one kernel for each thread that simulates, used again for one run after another,
 * because what the actor system makes while it starts must find it.
 */
public final class Kernel implements InstantSource {
  /** Start of virtual time: some day in 2027. */
  private static final long EPOCH_SECONDS = 1_800_000_000L;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final ThreadLocal<Kernel> OF_THREAD = ThreadLocal.withInitial(Kernel::new);

  /** The actor system's own turns: they differ between the first run in it and later ones. */
  private static final long SYSTEM_NANOS = 1_000;

  private static final int LONG_TURN_NANOS = 40_000;
  private static final int STALL_NANOS = 6_000_000;
  private static final long HASH_PRIME = 0x9E3779B97F4A7C15L;

  private final PriorityQueue<Event> queue = new PriorityQueue<>(1024);
  private final List<String> errors = new ArrayList<>();
  private SplittableRandom scheduling = new SplittableRandom(0);
  private SplittableRandom seeds = new SplittableRandom(0);
  private final SimulatedProcess system = new SimulatedProcess("akka", 0, null);
  private final List<SimulatedProcess> running = new ArrayList<>();
  private SimulatedProcess outside = system;
  private SimulatedProcess current = system;
  private int stallOdds = 1;
  private int processes;
  private long now;
  private long sequence;
  private long events;
  private long fingerprint;
  private @Nullable Trace trace;

  private Kernel() {}

  /** The kernel of this thread. */
  public static Kernel ofThread() {
    return OF_THREAD.get();
  }

  /** Ends what is left of the run before, and begins one. */
  public void begin(long seed, @Nullable Trace lines) {
    end();
    errors.clear();
    seeds = new SplittableRandom(seed);
    scheduling = seeds.split();
    stallOdds = 64 << scheduling.nextInt(6);
    processes = 0;
    outside = newProcess("-");
    current = outside;
    now = 0;
    sequence = 0;
    events = 0;
    fingerprint = seed;
    trace = lines;
  }

  /** All processes of the run die; what the system still has to do without them, it does. */
  private void end() {
    trace = null;
    running.forEach(SimulatedProcess::kill);
    running.clear();
    while (step()) {
      // Only the system's events happen.
    }
  }

  /** A source of chance of its own for some part of the run. */
  public SplittableRandom newRandom() {
    return seeds.split();
  }

  // ---- time

  /** Virtual time in nanoseconds since the run began. */
  public long nanos() {
    return now;
  }

  @Override
  public Instant instant() {
    return Instant.ofEpochSecond(EPOCH_SECONDS + now / NANOS_PER_SECOND, now % NANOS_PER_SECOND);
  }

  // ---- processes

  /** A new process. */
  public SimulatedProcess newProcess(String name) {
    SimulatedProcess process = new SimulatedProcess(name, ++processes, null);
    running.add(process);
    return process;
  }

  /** A new process that dies with another. */
  public SimulatedProcess newPart(String name, SimulatedProcess whole) {
    return new SimulatedProcess(name, ++processes, whole);
  }

  /** The actor system itself, which outlives runs. */
  public SimulatedProcess system() {
    return system;
  }

  /** What belongs to no simulated process: the world around them. It ends with the run. */
  public SimulatedProcess outside() {
    return outside;
  }

  /** The process whose event is happening. */
  public SimulatedProcess current() {
    return current;
  }

  /** Does something as if it were done by a process. */
  public <T> T as(SimulatedProcess process, Supplier<T> work) {
    SimulatedProcess before = current;
    current = process;
    try {
      return work.get();
    } finally {
      current = before;
    }
  }

  // ---- events

  /** As soon as the process gets a processor. */
  public Event soon(SimulatedProcess process, Runnable body) {
    return add(now + (process == system ? SYSTEM_NANOS : turnaround()), process, body);
  }

  /** After exactly this time, unless the process is frozen then. */
  public Event after(long delayNanos, SimulatedProcess process, Runnable body) {
    return add(now + Math.max(0, delayNanos), process, body);
  }

  private long turnaround() {
    return scheduling.nextInt(stallOdds) == 0
        ? scheduling.nextInt(STALL_NANOS)
        : 500 + scheduling.nextInt(LONG_TURN_NANOS);
  }

  private Event add(long due, SimulatedProcess process, Runnable body) {
    Event event = new Event(Math.max(due, process.frozenUntil()), sequence++, process, body);
    queue.add(event);
    return event;
  }

  /**
   * Lets the next event happen.
   *
   * @return false if there is none
   */
  public boolean step() {
    Event event = queue.poll();
    if (event == null) {
      return false;
    }
    if (event.isOver() || !event.owner.isAlive()) {
      return true;
    }
    now = event.due;
    if (event.owner.frozenUntil() > now) {
      queue.add(new Event(event.owner.frozenUntil(), sequence++, event.owner, event::happen));
      return true;
    }
    events++;
    if (event.owner != system) {
      fingerprint = (fingerprint ^ now ^ event.owner.number()) * HASH_PRIME;
    }
    current = event.owner;
    try {
      event.happen();
    } catch (RuntimeException | Error e) {
      error("an event of " + current + " threw " + e);
      throw e;
    } finally {
      current = outside;
    }
    return true;
  }

  /**
   * Lets events happen until something is so, or the time has come.
   *
   * @param deadline virtual time
   * @return whether it is so
   */
  public boolean runUntil(BooleanSupplier condition, long deadline) {
    while (!condition.getAsBoolean()) {
      Event next = queue.peek();
      if (next == null || next.due > deadline) {
        now = Math.max(now, deadline);
        return false;
      }
      step();
    }
    return true;
  }

  /** Lets so much time pass. */
  public void pass(long nanos) {
    runUntil(() -> false, now + nanos);
  }

  /** Events that have happened in this run. */
  public long events() {
    return events;
  }

  // ---- what is known of the run

  /** Says which events have happened, to whom and when: equal for equal runs. */
  public long fingerprint() {
    return fingerprint;
  }

  /** Whether somebody reads the trace, so that lines are worth making. */
  public boolean isTraced() {
    return trace != null;
  }

  /** Notes what happens now, in the trace. */
  public void note(String what) {
    note(current, what);
  }

  /** The same of another process. */
  public void note(SimulatedProcess who, String what) {
    if (trace != null) {
      trace.line(now, who.name(), what);
    }
  }

  /** Something went wrong that must never happen; the run has failed. */
  public void error(String what) {
    errors.add(what);
    note("ERROR " + what);
  }

  /** What went wrong so far. */
  public List<String> errors() {
    return List.copyOf(errors);
  }
}
