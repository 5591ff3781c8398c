package io.vnsnap.store;

import java.io.IOException;

/** No sealed snapshot has this id. */
public final class NoSuchSnapshotException extends IOException {
  private static final long serialVersionUID = 1;

  public NoSuchSnapshotException(String message) {
    super(message);
  }
}
