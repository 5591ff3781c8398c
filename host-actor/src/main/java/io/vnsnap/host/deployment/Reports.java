package io.vnsnap.host.deployment;

import io.vnsnap.host.HostContext;
import io.vnsnap.proto.Aborted;
import io.vnsnap.proto.CardTrouble;
import io.vnsnap.proto.DeployFailed;
import io.vnsnap.proto.Deployed;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.Prepared;
import io.vnsnap.proto.Progress;
import io.vnsnap.proto.Running;
import io.vnsnap.proto.Sealed;
import io.vnsnap.proto.SnapshotFailed;
import io.vnsnap.proto.Undeployed;
import io.vnsnap.proto.VmCards;
import io.vnsnap.proto.VmCut;
import io.vnsnap.proto.VmExited;
import io.vnsnap.proto.VmProcess;
import io.vnsnap.proto.VmProgress;
import io.vnsnap.proto.VmStored;

/**
 * Reports about one generation of a VNE on one host, to its coordinator. Reasons are one line for
 * the person who must act.
 *
 * @param host that reports
 * @param vne name of the VNE
 * @param generation of its deployment
 */
public record Reports(HostContext host, String vne, int generation) {

  public void deployFailed(String reason) {
    send(about().setDeployFailed(DeployFailed.newBuilder().setReason(reason)));
  }

  public void undeployed() {
    send(about().setUndeployed(Undeployed.getDefaultInstance()));
  }

  public void vmExited(VmExited exit) {
    send(about().setVmExited(exit));
  }

  /**
   * The snapshot cannot be completed.
   *
   * @param vm empty when it is not one VM's failure
   */
  public void snapshotFailed(String snapshotId, String vm, String reason) {
    send(
        about()
            .setSnapshotFailed(
                SnapshotFailed.newBuilder().setSnapshotId(snapshotId).setVm(vm).setReason(reason)));
  }

  public void aborted(String snapshotId) {
    send(about().setAborted(Aborted.newBuilder().setSnapshotId(snapshotId)));
  }

  void deployed(Iterable<VmProcess> vms) {
    send(about().setDeployed(Deployed.newBuilder().addAllVms(vms)));
  }

  void running(long firstResumeMicros) {
    send(about().setRunning(Running.newBuilder().setFirstResumeUs(firstResumeMicros)));
  }

  void prepared(String snapshotId) {
    send(about().setPrepared(Prepared.newBuilder().setSnapshotId(snapshotId)));
  }

  void vmCut(String vm, MemberEvent.CutMade cut) {
    send(
        about()
            .setVmCut(
                VmCut.newBuilder()
                    .setSnapshotId(cut.snapshotId())
                    .setVm(vm)
                    .setPause(cut.pause())
                    .setFramesHeld(cut.framesHeld())));
  }

  void vmStored(VmStored stored) {
    send(about().setVmStored(stored));
  }

  void sealed(String snapshotId) {
    send(about().setSealed(Sealed.newBuilder().setSnapshotId(snapshotId)));
  }

  void progress(Iterable<VmProgress> vms) {
    send(about().setProgress(Progress.newBuilder().addAllVms(vms)));
  }

  void vmCards(String vm, Iterable<CardTrouble> cards) {
    send(about().setVmCards(VmCards.newBuilder().setVm(vm).addAllCards(cards)));
  }

  private HostReport.Builder about() {
    return HostReport.newBuilder().setVne(vne).setGeneration(generation).setHost(host.name());
  }

  private void send(HostReport.Builder report) {
    host.shared().reports().accept(report.build());
  }
}
