package io.vnsnap.vm;

import io.vnsnap.proto.Staging;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What a {@link VmActor} is doing. */
sealed interface VmState {

  /** Nothing was ordered yet. */
  record Idle() implements VmState {}

  /** The process is being started or loaded. */
  record Starting() implements VmState {}

  /** Paused, its state loaded. */
  record Loaded(Machine machine, VmEvent.Loaded report) implements VmState {}

  /** Told to run, gates about to be opened. */
  record Resuming(Machine machine) implements VmState {}

  /** Past its Go. */
  sealed interface Alive extends VmState {
    Live live();
  }

  /** With a snapshot in progress. */
  sealed interface Snapshotting extends Alive {
    Attempt attempt();
  }

  /** Runs, and no snapshot is in progress. */
  record Running(Live live) implements Alive {}

  /** Runs; a capture is being prepared. */
  record Preparing(Live live, Attempt attempt) implements Snapshotting {}

  /** Runs; a cut can be made at once. */
  record Prepared(Live live, Attempt attempt, Capture capture) implements Snapshotting {}

  /** The steps of the cut are being made; the VM may be paused. */
  record Cutting(Live live, Attempt attempt, Capture capture, CutSequence sequence)
      implements Snapshotting {}

  /** Runs again; the image is on its way to the store. */
  record Storing(
      Live live, Attempt attempt, Capture capture, FrozenDisks disks, VmEvent.CutMade cut)
      implements Snapshotting {}

  /**
   * A snapshot is being taken back; the VM may still be paused.
   *
   * @param moveGates whether the gates go to the snapshot's epoch with it
   * @param aborted whether the owner waits to hear of it
   * @param tries how often it was tried before
   */
  record Undoing(Live live, Attempt attempt, boolean moveGates, boolean aborted, int tries)
      implements Snapshotting {
    Undoing movingGates() {
      return new Undoing(live, attempt, true, aborted, tries);
    }

    Undoing asAborted() {
      return new Undoing(live, attempt, true, true, tries);
    }

    Undoing again() {
      return new Undoing(live, attempt, moveGates, aborted, tries + 1);
    }
  }

  /** The process is being ended; then there is only the last word to say. */
  record Ending(VmEvent lastWord) implements VmState {}

  /** The process is gone. */
  record Ended(VmEvent lastWord) implements VmState {}

  /**
   * A VM past its Go, and what came of its last snapshot.
   *
   * @param machine its process
   * @param report that it runs
   * @param last null: no snapshot yet
   */
  record Live(Machine machine, VmEvent.Running report, @Nullable Outcome last) {
    Live with(Outcome outcome) {
      return new Live(machine, report, outcome);
    }

    /** Whether the last snapshot was this one. */
    boolean knows(String snapshotId) {
      return last != null && last.snapshotId().equals(snapshotId);
    }
  }

  /**
   * A snapshot that is over here.
   *
   * @param reports of it, for an order that comes twice
   */
  record Outcome(String snapshotId, List<VmEvent> reports) {}

  /**
   * A snapshot in progress.
   *
   * @param snapshotId of the snapshot
   * @param epoch of the gates after the cut
   * @param staging where pages wait that are copied in rounds
   * @param settled completes, without failing, when nothing that was begun for it is under way any
   *     more but the capture's stream; with the capture if there is one
   * @param reports made of it so far
   */
  record Attempt(
      String snapshotId,
      int epoch,
      Staging staging,
      CompletionStage<@Nullable Capture> settled,
      List<VmEvent> reports) {
    public Attempt {
      reports = List.copyOf(reports);
    }

    boolean isOf(String id) {
      return snapshotId.equals(id);
    }

    Attempt settledBy(CompletionStage<@Nullable Capture> later) {
      return new Attempt(snapshotId, epoch, staging, later, reports);
    }

    Attempt reported(VmEvent report) {
      var all = new ArrayList<>(reports);
      all.add(report);
      return new Attempt(snapshotId, epoch, staging, settled, all);
    }

    Outcome outcome() {
      return new Outcome(snapshotId, reports);
    }
  }
}
