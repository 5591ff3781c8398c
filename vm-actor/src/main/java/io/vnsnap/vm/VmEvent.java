package io.vnsnap.vm;

import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.PauseRecord;
import java.nio.file.Path;
import java.util.List;

/**
 * What a {@link VmActor} reports to its owner. Never leaves the process. Reasons are one line for
 * the person who must act; times are microseconds since the Unix epoch.
 */
public sealed interface VmEvent {

  /** Name of the VM it is about. */
  String vm();

  /** The VM's process is there, paused, its sockets listen. */
  record Loaded(String vm, long pid, String hypervisor, String version, Sockets sockets)
      implements VmEvent {}

  /**
   * UNIX sockets of a VM.
   *
   * @param network one per VNIC, in order; see {@link Machine#networkSocket}
   * @param console see {@link Machine#consoleSocket}
   */
  record Sockets(List<Path> network, Path console) {}

  /** The VM could not be started; nothing of it is left. */
  record LoadFailed(String vm, String reason) implements VmEvent {}

  /** The VM runs and its gates are open. */
  record Running(String vm, long resumeMicros) implements VmEvent {}

  /** The order cannot be followed in the state the VM is in; nothing was changed. */
  record Refused(String vm, String order, String reason) implements VmEvent {}

  /** Ready for the cut. */
  record Prepared(String vm, String snapshotId) implements VmEvent {}

  /** The cut is made, the VM runs again and its gates are red and open. */
  record CutMade(String vm, String snapshotId, PauseRecord pause, long framesHeld)
      implements VmEvent {}

  /** The image is durable, its disks included. */
  record ImageStored(String vm, String snapshotId, ImageRecord image) implements VmEvent {}

  /** The snapshot of this VM failed. The VM runs, or is being brought back. */
  record CaptureFailed(String vm, String snapshotId, String reason) implements VmEvent {}

  /** The VM runs, nothing of the snapshot is in progress, its gates are at the epoch and open. */
  record AbortDone(String vm, String snapshotId) implements VmEvent {}

  /**
   * The VM ended without having been asked to, and can be started again only by a new actor.
   *
   * @param memoryNotGiven whether it did because the store did not give the rest of its memory; it
   *     may do so another time
   */
  record Exited(String vm, String reason, boolean memoryNotGiven) implements VmEvent {
    Exited(String vm, String reason) {
      this(vm, reason, false);
    }
  }

  /** The VM has ended as asked. */
  record Stopped(String vm) implements VmEvent {}

  /** How far loading or storing has come, in bytes; sent a few times a second. */
  record Progress(String vm, long doneBytes, long totalBytes) implements VmEvent {}
}
