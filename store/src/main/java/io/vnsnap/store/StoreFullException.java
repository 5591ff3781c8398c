package io.vnsnap.store;

import java.io.IOException;

/**
 * The disk is full, or all but the reserve is. The message names the file, gives figures and says
 * what to do.
 */
public final class StoreFullException extends IOException {
  private static final long serialVersionUID = 1;

  public StoreFullException(String message) {
    super(message);
  }

  public StoreFullException(String message, Throwable cause) {
    super(message, cause);
  }
}
