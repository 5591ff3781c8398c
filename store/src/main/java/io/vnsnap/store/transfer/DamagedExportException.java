package io.vnsnap.store.transfer;

import java.io.IOException;

/** An export file is not what was written; the message says what is wrong and at which byte. */
public final class DamagedExportException extends IOException {
  private static final long serialVersionUID = 1;

  public DamagedExportException(String message) {
    super(message);
  }
}
