package io.vnsnap.coordinator;

import io.vnsnap.proto.RefusalCode;
import io.vnsnap.proto.Refused;
import io.vnsnap.proto.VneReply;

/** Refusals, whose reasons are written for the person who must act. */
final class Replies {

  private Replies() {}

  /** Try again when the VNE is in another state. */
  static VneReply notNow(String reason) {
    return refused(RefusalCode.NOT_NOW, "", reason);
  }

  /** Change the request. */
  static VneReply notPossible(String subject, String reason) {
    return refused(RefusalCode.NOT_POSSIBLE, subject, reason);
  }

  /** It was tried. */
  static VneReply failed(String reason) {
    return refused(RefusalCode.FAILED, "", reason);
  }

  private static VneReply refused(RefusalCode code, String subject, String reason) {
    return VneReply.newBuilder()
        .setRefused(Refused.newBuilder().setCode(code).setSubject(subject).setReason(reason))
        .build();
  }
}
