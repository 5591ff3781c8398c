package io.vnsnap.host;

import java.io.UncheckedIOException;
import java.util.concurrent.CompletionException;

/** Turns what a stage failed with into one line for the person who must act. */
public final class Failures {
  private Failures() {}

  /** The message of the innermost wrapper-free cause; its type when it has no message. */
  public static String reason(Throwable failure) {
    Throwable cause = failure;
    while ((cause instanceof CompletionException || cause instanceof UncheckedIOException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }
}
