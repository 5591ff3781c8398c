package io.vnsnap.shell.cli;

import org.jspecify.annotations.Nullable;

/** A command failed. Its message is one line for the one who typed it. */
final class CommandFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CommandFailure(String message) {
    this(message, null);
  }

  CommandFailure(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
