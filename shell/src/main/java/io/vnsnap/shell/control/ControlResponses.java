package io.vnsnap.shell.control;

import io.vnsnap.proto.ControlResponse;
import io.vnsnap.proto.RefusalCode;
import io.vnsnap.proto.Refused;
import io.vnsnap.shell.api.RefusedException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Refusals as responses. */
final class ControlResponses {
  private ControlResponses() {}

  static ControlResponse refused(RefusalCode code, String reason) {
    return refused(Refused.newBuilder().setCode(code).setReason(reason).build());
  }

  static ControlResponse refused(Refused refused) {
    return ControlResponse.newBuilder().setRefused(refused).build();
  }

  /** What a client's failure means to the one who asked. */
  static ControlResponse failed(Throwable failure) {
    Throwable cause = failure;
    while ((cause instanceof CompletionException || cause instanceof ExecutionException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof RefusedException e) {
      return refused(e.refused());
    }
    String message = cause.getMessage();
    return refused(
        RefusalCode.FAILED, message == null || message.isEmpty() ? cause.toString() : message);
  }
}
