package io.vnsnap.simulation.world;

import io.vnsnap.proto.VneReply;
import org.jspecify.annotations.Nullable;

/** A request of a client. */
public final class Call {
  private final String what;
  private final int coordinatorLife;
  private @Nullable VneReply reply;
  private boolean lost;

  Call(String what, int coordinatorLife) {
    this.what = what;
    this.coordinatorLife = coordinatorLife;
  }

  void answered(VneReply answer) {
    reply = answer;
  }

  /** It has found no coordinator. */
  void lose() {
    lost = true;
  }

  /** Whether there can be no answer any more. */
  public boolean isLost() {
    return lost;
  }

  /** What was asked. */
  public String what() {
    return what;
  }

  /** Which of its lives the coordinator was in when it was asked. */
  public int coordinatorLife() {
    return coordinatorLife;
  }

  /** The answer; null: none yet. */
  public @Nullable VneReply reply() {
    return reply;
  }

  /** Whether there is an answer. */
  public boolean isAnswered() {
    return reply != null;
  }

  @Override
  public String toString() {
    return what + ": " + (reply == null ? "no answer" : Words.of(reply));
  }
}
