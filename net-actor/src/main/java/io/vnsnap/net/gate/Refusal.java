package io.vnsnap.net.gate;

/** Why a gate does not carry out an order. Its message is for the person who must act. */
public final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A refusal carries no stack trace: nothing went wrong inside. */
  public Refusal(String reason) {
    super(reason, null, false, false);
  }
}
