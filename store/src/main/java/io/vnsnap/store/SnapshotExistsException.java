package io.vnsnap.store;

import java.io.IOException;

/** Another snapshot is sealed under this id. */
public final class SnapshotExistsException extends IOException {
  private static final long serialVersionUID = 1;

  public SnapshotExistsException(String message) {
    super(message);
  }
}
