package io.vnsnap.coordinator;

/** The journal cannot be opened; the message is one line for the person who must act. */
public final class JournalUnusableException extends RuntimeException {

  JournalUnusableException(String message, Throwable cause) {
    super(message, cause);
  }
}
