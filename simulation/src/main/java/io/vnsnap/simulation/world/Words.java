package io.vnsnap.simulation.world;

import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.wire.ToHost;
import java.util.Locale;

/** Messages in a few words, for traces. */
final class Words {
  private Words() {}

  static String of(ToHost message) {
    return switch (message) {
      case ToHost.Order order -> of(order.order());
      case ToHost.Describe describe -> "describe";
      case ToHost.Console console -> "console";
      case ToHost.Private own -> own.toString();
    };
  }

  private static String of(HostOrder order) {
    String about =
        switch (order.getKindCase()) {
          case PREPARE -> order.getPrepare().getSnapshotId();
          case CUT -> order.getCut().getSnapshotId();
          case ABORT -> order.getAbort().getSnapshotId();
          case SEAL -> order.getSeal().getManifest().getSnapshotId();
          case DEPLOY ->
              order.getDeploy().getSnapshotId() + " " + order.getDeploy().getPlacementMap();
          case GO, UNDEPLOY, KIND_NOT_SET -> "";
        };
    return "order %s generation %d %s"
        .formatted(lower(order.getKindCase().name()), order.getGeneration(), about)
        .strip();
  }

  static String of(HostReport report) {
    String about =
        switch (report.getKindCase()) {
          case PREPARED -> report.getPrepared().getSnapshotId();
          case VM_CUT -> report.getVmCut().getVm() + " " + report.getVmCut().getSnapshotId();
          case VM_STORED ->
              report.getVmStored().getImage().getVm() + " " + report.getVmStored().getSnapshotId();
          case SNAPSHOT_FAILED ->
              report.getSnapshotFailed().getSnapshotId()
                  + ": "
                  + report.getSnapshotFailed().getReason();
          case ABORTED -> report.getAborted().getSnapshotId();
          case SEALED -> report.getSealed().getSnapshotId();
          case DEPLOY_FAILED -> report.getDeployFailed().getReason();
          case VM_EXITED -> report.getVmExited().getVm() + ": " + report.getVmExited().getReason();
          case VM_CARDS -> report.getVmCards().getVm();
          case DEPLOYED, RUNNING, UNDEPLOYED, PROGRESS, KIND_NOT_SET -> "";
        };
    return "report %s generation %d %s"
        .formatted(lower(report.getKindCase().name()), report.getGeneration(), about)
        .strip();
  }

  static String of(VneRequest request) {
    return lower(request.getKindCase().name());
  }

  /** An answer, as a client reads it. */
  static String of(VneReply reply) {
    return switch (reply.getKindCase()) {
      case STATUS ->
          "status %s generation %d epoch %d %s"
              .formatted(
                  lower(reply.getStatus().getPhase().name()),
                  reply.getStatus().getGeneration(),
                  reply.getStatus().getEpoch(),
                  reply.getStatus().getLastFailure());
      case SNAPSHOT_TAKEN -> "taken " + reply.getSnapshotTaken().getManifest().getSnapshotId();
      case RESTORED -> "restored generation " + reply.getRestored().getStatus().getGeneration();
      case REFUSED -> "refused: " + reply.getRefused().getReason();
      case KIND_NOT_SET -> "nothing";
    };
  }

  private static String lower(String name) {
    return name.toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
