package io.vnsnap.shell.api;

import io.vnsnap.proto.RefusalCode;
import io.vnsnap.proto.Refused;

/** The cluster understood the request and said no. Its message is one line for who must act. */
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Refused refused;

  /** A refusal as it came. */
  public RefusedException(Refused refused) {
    super(refused.getReason());
    this.refused = refused;
  }

  /** A refusal of this side. */
  public RefusedException(RefusalCode code, String reason) {
    this(Refused.newBuilder().setCode(code).setReason(reason).build());
  }

  /** The refusal with its code and subject. */
  public Refused refused() {
    return refused;
  }
}
