package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VneReply;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a coordinator is in the middle of: kept in memory only, for a coordinator that comes back
 * undoes or repeats what was interrupted. Immutable.
 */
sealed interface Operation
    permits Operation.Idle,
        Operation.Recovering,
        Operation.Placing,
        DeployInProgress,
        StopInProgress,
        SnapshotInProgress,
        AbortInProgress {

  /** The step for the status: one word, empty when there is nothing to wait for. */
  String step();

  /** What keeps the coordinator busy, for refusals: "it is ...". */
  String busyWith();

  /** Hosts whose report is awaited. */
  SortedSet<String> awaited();

  /** Whether the order of this step is sent again to the hosts that have not answered. */
  boolean repeats();

  /** Nothing is under way. */
  record Idle() implements Operation {
    @Override
    public String step() {
      return "";
    }

    @Override
    public String busyWith() {
      return "idle";
    }

    @Override
    public SortedSet<String> awaited() {
      return new TreeSet<>();
    }

    @Override
    public boolean repeats() {
      return false;
    }
  }

  /** The coordinator has just come back and has not yet taken up what was interrupted. */
  record Recovering() implements Operation {
    @Override
    public String step() {
      return "recovering";
    }

    @Override
    public String busyWith() {
      return "recovering from a restart of its coordinator";
    }

    @Override
    public SortedSet<String> awaited() {
      return new TreeSet<>();
    }

    @Override
    public boolean repeats() {
      return false;
    }
  }

  /**
   * What is to be deployed.
   *
   * @param manifest the snapshot to restore, or the default instance to boot
   * @param required VM to the host it must be on
   * @param wished VM to the host it should be on if that is possible
   * @param loading of a snapshot: whether VMs may run before their memory is there
   */
  record Plan(
      Topology topology,
      Manifest manifest,
      Map<String, String> required,
      Map<String, String> wished,
      Loading loading) {

    boolean isRestore() {
      return !manifest.getSnapshotId().isEmpty();
    }

    String verb() {
      return isRestore() ? "restored" : "brought up";
    }
  }

  /**
   * Hosts are being asked what they have.
   *
   * @param clients who is told how it ends
   * @param startedMs wall clock of the request, ms since the Unix epoch
   * @param asked how often the hosts have been asked
   */
  record Placing(Plan plan, List<ActorRef<VneReply>> clients, long startedMs, int asked)
      implements Operation {

    /** The same when the hosts are asked once more. */
    Placing askedAgain() {
      return new Placing(plan, clients, startedMs, asked + 1);
    }

    @Override
    public String step() {
      return "placing";
    }

    @Override
    public String busyWith() {
      return "being " + plan.verb() + " (placing)";
    }

    @Override
    public SortedSet<String> awaited() {
      return new TreeSet<>();
    }

    @Override
    public boolean repeats() {
      return false;
    }
  }

  /** A copy of a set of hosts without one. */
  static SortedSet<String> without(SortedSet<String> hosts, String host) {
    SortedSet<String> rest = new TreeSet<>(hosts);
    rest.remove(host);
    return rest;
  }
}
