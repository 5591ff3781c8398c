package io.vnsnap.shell.demo;

import org.jspecify.annotations.Nullable;

/** The demo cannot go on, or its world was not what it must be. Its message is the verdict. */
public final class DemoFailure extends Exception {
  private static final long serialVersionUID = 1L;

  /** With the reason. */
  public DemoFailure(String message) {
    this(message, null);
  }

  /** With the reason and where it came from. */
  public DemoFailure(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
