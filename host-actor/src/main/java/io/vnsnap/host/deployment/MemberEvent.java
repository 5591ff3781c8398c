package io.vnsnap.host.deployment;

import io.vnsnap.proto.CardTrouble;
import io.vnsnap.proto.PauseRecord;
import io.vnsnap.proto.VmProcess;
import io.vnsnap.proto.VmStored;
import java.util.List;

/** What a {@link MemberActor} tells its deployment. */
sealed interface MemberEvent {

  /** Loaded, paused, wired; nothing is left that could fail at {@code Go}. */
  record Ready(VmProcess process) implements MemberEvent {}

  /** It could not be made ready; what there is of it waits to be stopped. */
  record NotReady(String reason) implements MemberEvent {}

  /** The VM runs and its gates are open. */
  record Running(long resumeMicros) implements MemberEvent {}

  /** The next cut order is carried out at once. */
  record Prepared(String snapshotId) implements MemberEvent {}

  /** The cut was made and the VM runs again. */
  record CutMade(String snapshotId, PauseRecord pause, long framesHeld) implements MemberEvent {}

  /** Image and channel logs are durable. */
  record Stored(VmStored stored) implements MemberEvent {}

  /** This VM's part in the snapshot failed; it runs on. */
  record SnapshotFailed(String snapshotId, String reason) implements MemberEvent {}

  /** Nothing of the snapshot is left in this VM. */
  record AbortDone(String snapshotId) implements MemberEvent {}

  /**
   * The process ended without having been asked to.
   *
   * @param memoryNotGiven see {@link io.vnsnap.vm.VmEvent.Exited}
   */
  record Exited(String reason, boolean memoryNotGiven) implements MemberEvent {}

  /** The process ended as asked, and its VNICs are closed. */
  record Stopped() implements MemberEvent {}

  /** These of its network cards have trouble. */
  record Cards(List<CardTrouble> cards) implements MemberEvent {}

  /** Bytes loaded or captured so far; total 0 when not known. */
  record Progress(long doneBytes, long totalBytes) implements MemberEvent {}
}
