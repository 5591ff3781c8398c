package io.vnsnap.bench;

/** A benchmark cannot go on; the message is one line for the person who started it. */
public final class BenchmarkException extends Exception {
  private static final long serialVersionUID = 1;

  public BenchmarkException(String message) {
    super(message);
  }

  public BenchmarkException(String message, Throwable cause) {
    super(message, cause);
  }
}
