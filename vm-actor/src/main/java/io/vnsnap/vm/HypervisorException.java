package io.vnsnap.vm;

import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** A hypervisor could not do what it was asked; the message is one line for whoever must act. */
public final class HypervisorException extends Exception {
  private static final long serialVersionUID = 1;
  private static final int MAX_REASON_CHARACTERS = 1000;

  public HypervisorException(String message) {
    super(message);
  }

  public HypervisorException(String message, Throwable cause) {
    super(message, cause);
  }

  /** What a failed stage failed with, without the wrapping that futures add. */
  public static Throwable unwrap(Throwable failure) {
    Throwable inner = failure;
    while ((inner instanceof CompletionException || inner instanceof ExecutionException)
        && inner.getCause() != null) {
      inner = inner.getCause();
    }
    return inner;
  }

  /** Says in one line why a stage failed. */
  public static String reason(Throwable failure) {
    Throwable inner = unwrap(failure);
    String message = inner.getMessage();
    String reason = message == null ? inner.getClass().getSimpleName() : message;
    if (inner instanceof HypervisorException && inner.getCause() != null) {
      String why = reason(inner.getCause());
      reason = reason.contains(why) ? reason : reason + ": " + why;
    }
    String line = reason.strip().replaceAll("\\s*[\\r\\n]+\\s*", "; ");
    return line.substring(0, Math.min(line.length(), MAX_REASON_CHARACTERS));
  }
}
