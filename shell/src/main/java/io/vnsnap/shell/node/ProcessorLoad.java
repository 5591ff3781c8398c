package io.vnsnap.shell.node;

import java.util.function.DoubleSupplier;

/**
 * How busy processors were over the last seconds: the mean of all looks, each counting for a fifth
 * less than the one after it. Asked by any thread.
 */
final class ProcessorLoad implements DoubleSupplier {
  /** With a look each second the mean follows a change in about five. */
  private static final double NEWEST = 0.2;

  private final DoubleSupplier sinceLastLook;
  private volatile double recent;

  /**
   * @param sinceLastLook share of processor time that was busy since it was asked last, by
   *     whomever, more than 0 up to 1; anything else: not known. 0 may mean that no time has
   *     passed, since another host of this process has just asked.
   */
  ProcessorLoad(DoubleSupplier sinceLastLook) {
    this.sinceLastLook = sinceLastLook;
  }

  /** Once each second, always by the same thread. */
  void look() {
    double load = sinceLastLook.getAsDouble();
    if (load > 0 && load <= 1) {
      double before = recent;
      recent = before + (load - before) * NEWEST;
    }
  }

  /** 0 to 1; 0 while nothing is known. */
  @Override
  public double getAsDouble() {
    return recent;
  }
}
