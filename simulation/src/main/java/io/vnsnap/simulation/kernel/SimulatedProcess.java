package io.vnsnap.simulation.kernel;

import org.jspecify.annotations.Nullable;

/**
 * A simulated process: what is left to do in it is never done once it is dead. One that is part of
 * another dies with it.
 */
public final class SimulatedProcess {
  private final String name;
  private final int number;
  private final @Nullable SimulatedProcess whole;
  private boolean dead;
  private long frozenUntil;

  SimulatedProcess(String name, int number, @Nullable SimulatedProcess whole) {
    this.name = name;
    this.number = number;
    this.whole = whole;
  }

  /** For traces. */
  public String name() {
    return name;
  }

  /** Counts the processes of a run. */
  int number() {
    return number;
  }

  /** Whether it has not been killed. */
  public boolean isAlive() {
    return !dead && (whole == null || whole.isAlive());
  }

  /** Kills it as the operating system does: it does nothing more, not even to clean up. */
  public void kill() {
    dead = true;
  }

  /** It gets no processor until then. */
  public void freezeUntil(long nanos) {
    frozenUntil = Math.max(frozenUntil, nanos);
  }

  long frozenUntil() {
    return whole == null ? frozenUntil : Math.max(frozenUntil, whole.frozenUntil());
  }

  @Override
  public String toString() {
    return name;
  }
}
