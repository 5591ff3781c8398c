package io.vnsnap.store;

import java.io.IOException;

/**
 * Something stored is not what was written; the message names the file and what is wrong with it.
 */
public final class DamagedSnapshotException extends IOException {
  private static final long serialVersionUID = 1;

  public DamagedSnapshotException(String message) {
    super(message);
  }
}
