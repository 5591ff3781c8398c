package io.vnsnap.shell.node;

import org.jspecify.annotations.Nullable;

/** A node cannot be started. Its message is one line for who must act. */
public final class NodeStartException extends Exception {
  private static final long serialVersionUID = 1L;

  /** With what is wrong and, if there is one, why. */
  public NodeStartException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
