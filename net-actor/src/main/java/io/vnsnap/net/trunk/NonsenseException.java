package io.vnsnap.net.trunk;

/** A peer sent what no VNsnap host of this version sends. The message goes on with "it ...". */
final class NonsenseException extends Exception {
  private static final long serialVersionUID = 1L;

  NonsenseException(String what) {
    super(what);
  }
}
