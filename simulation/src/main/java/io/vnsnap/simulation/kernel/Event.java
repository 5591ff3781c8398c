package io.vnsnap.simulation.kernel;

/** Something that is due. */
public final class Event implements Comparable<Event> {
  final long due;
  final SimulatedProcess owner;
  private final long sequence;
  private final Runnable body;
  private boolean over;

  Event(long due, long sequence, SimulatedProcess owner, Runnable body) {
    this.due = due;
    this.sequence = sequence;
    this.owner = owner;
    this.body = body;
  }

  /**
   * Makes sure that it does not happen.
   *
   * @return false if it has, or was cancelled before
   */
  public boolean cancel() {
    boolean first = !over;
    over = true;
    return first;
  }

  /** Whether it has happened or was cancelled. */
  public boolean isOver() {
    return over;
  }

  void happen() {
    over = true;
    body.run();
  }

  @Override
  public int compareTo(Event other) {
    int byTime = Long.compare(due, other.due);
    return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(sequence);
  }
}
