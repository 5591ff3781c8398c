package io.vnsnap.vm;

import org.jspecify.annotations.Nullable;

/**
 * The hypervisor ended a capture in rounds by itself, because the guest wrote to next to nothing
 * for a moment. The VM runs, its network was held meanwhile, and the image is discarded. It cannot
 * happen to a capture of which no round ends before the cut.
 */
public final class RanAwayException extends Exception {
  private static final long serialVersionUID = 1;

  public RanAwayException() {
    super("the hypervisor ended the capture before its cut, for the guest writes to nothing");
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
