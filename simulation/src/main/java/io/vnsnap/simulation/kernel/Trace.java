package io.vnsnap.simulation.kernel;

/** Takes the lines of a run that is to be read by a person. */
@FunctionalInterface
public interface Trace {

  /**
   * Something has happened.
   *
   * @param nanos virtual time
   * @param who process
   * @param what one line
   */
  void line(long nanos, String who, String what);
}
