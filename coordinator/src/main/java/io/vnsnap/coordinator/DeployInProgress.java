package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import io.vnsnap.proto.Deployed;
import io.vnsnap.proto.VmProcess;
import io.vnsnap.proto.VneReply;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * A deployment under way: hosts load their VMs, then let them run.
 *
 * @param stage how far it has come
 * @param awaited hosts that have not reported this stage
 * @param vms processes of the VMs loaded so far
 * @param lost VMs that went away after Go, with the reason
 * @param clients who is told how it ends; nobody after a restart of the coordinator
 * @param startedMs wall clock of the request, ms since the Unix epoch
 */
record DeployInProgress(
    Stage stage,
    boolean restore,
    SortedSet<String> awaited,
    List<VmProcess> vms,
    SortedMap<String, String> lost,
    List<ActorRef<VneReply>> clients,
    long startedMs)
    implements Operation {

  /** The two halves of a deployment; what happens in the first can be undone. */
  enum Stage {
    /** Hosts start VMs, paused. */
    LOADING,
    /** All were loaded and hosts let them run. */
    STARTING
  }

  static DeployInProgress loading(Deployment deployment, Placing placing) {
    return new DeployInProgress(
        Stage.LOADING,
        deployment.isRestore(),
        deployment.hosts(),
        List.of(),
        new TreeMap<>(),
        placing.clients(),
        placing.startedMs());
  }

  /** After a restart of the coordinator: nobody waits, all hosts are told again. */
  static DeployInProgress restarted(Deployment deployment, long nowMs) {
    return new DeployInProgress(
        Stage.STARTING,
        deployment.isRestore(),
        deployment.hosts(),
        deployment.vms(),
        new TreeMap<>(),
        List.of(),
        nowMs);
  }

  DeployInProgress loaded(String host, Deployed report) {
    List<VmProcess> more = new ArrayList<>(vms);
    more.addAll(report.getVmsList());
    return new DeployInProgress(
        stage, restore, Operation.without(awaited, host), more, lost, clients, startedMs);
  }

  DeployInProgress starting(SortedSet<String> hosts) {
    return new DeployInProgress(Stage.STARTING, restore, hosts, vms, lost, clients, startedMs);
  }

  DeployInProgress answered(String host) {
    return new DeployInProgress(
        stage, restore, Operation.without(awaited, host), vms, lost, clients, startedMs);
  }

  DeployInProgress withLost(List<String> gone, String reason) {
    SortedMap<String, String> more = new TreeMap<>(lost);
    gone.forEach(vm -> more.putIfAbsent(vm, reason));
    return new DeployInProgress(stage, restore, awaited, vms, more, clients, startedMs);
  }

  @Override
  public String step() {
    return stage == Stage.LOADING ? "loading" : "starting";
  }

  @Override
  public String busyWith() {
    return "being %s (%s)".formatted(restore ? "restored" : "brought up", step());
  }

  @Override
  public boolean repeats() {
    return stage == Stage.STARTING;
  }
}
