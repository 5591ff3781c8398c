package io.vnsnap.simulation.scenario;

/** Something that must always hold does not. */
public final class Violation extends RuntimeException {
  private static final long serialVersionUID = 1;

  Violation(String what) {
    super(what);
  }
}
