package io.vnsnap.vm.qemu;

/** QEMU refused a command. */
final class QmpException extends Exception {
  private static final long serialVersionUID = 1;

  private final String errorClass;
  private final String description;

  QmpException(String command, String errorClass, String description) {
    super("QEMU refused " + command + ": " + description);
    this.errorClass = errorClass;
    this.description = description;
  }

  /** QEMU's class of the error, nearly always "GenericError". */
  String errorClass() {
    return errorClass;
  }

  /** QEMU's own words. */
  String description() {
    return description;
  }
}
