package io.vnsnap.vm;

import org.jspecify.annotations.Nullable;

/**
 * The hypervisor has ended a round of a capture, or the capture, by itself, where it must not: the
 * guest wrote to next to nothing for a moment, or much of what was left was zeros. The VM runs, its
 * network was held meanwhile, and the image is discarded. It cannot happen to a capture that asks
 * for one round only.
 */
public final class RanAwayException extends Exception {
  private static final long serialVersionUID = 1;

  public RanAwayException() {
    super(
        "the hypervisor went on by itself before the cut, for the guest had next to nothing to copy");
  }

  /** Whether it is what made a stage fail. */
  static boolean isBehind(Throwable failure) {
    @Nullable Throwable cause = failure;
    while (cause != null && !(cause instanceof RanAwayException)) {
      cause = cause.getCause();
    }
    return cause != null;
  }
}
