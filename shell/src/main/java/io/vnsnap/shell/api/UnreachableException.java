package io.vnsnap.shell.api;

import org.jspecify.annotations.Nullable;

/**
 * The cluster could not be asked, or did not answer in time. Its message is one line for who must
 * act. Whether the request had an effect is unknown.
 */
public final class UnreachableException extends Exception {
  private static final long serialVersionUID = 1L;

  /** With what happened and, if there is one, why. */
  public UnreachableException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
