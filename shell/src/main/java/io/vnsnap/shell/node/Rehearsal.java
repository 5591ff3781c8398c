package io.vnsnap.shell.node;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.AskPattern;
import io.vnsnap.host.HostActor;
import io.vnsnap.host.HostContext;
import io.vnsnap.proto.Abort;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.proto.Cut;
import io.vnsnap.proto.Deploy;
import io.vnsnap.proto.Go;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Prepare;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.vm.Hypervisor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A few snapshots of two simulated VMs, taken and thrown away when a host starts. The first cut of
 * a JVM runs through code that is not loaded yet, step after step with the VM paused: it took ten
 * times as long as a later one, at different steps on different hosts, which is skew. Everything
 * but the hypervisor is the host's own, its store included, which is thus known to be writable
 * before anybody relies on it.
 */
final class Rehearsal {
  private static final Logger LOG = LoggerFactory.getLogger(Rehearsal.class);
  private static final String VNE = "vne";

  /**
   * In the host's folders, for its sockets and its snapshots' names. No VNE of a user can have it:
   * their folders end with a generation, their snapshots' names begin with them and a time.
   */
  private static final String OWN = "rehearsal";

  /** After these few, steps take no less time from one cut to the next. */
  private static final int CUTS = 6;

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int MOST_REPORTS = 1024;
  private static final int MEMORY_MIB = 16;

  private final ActorSystem<Void> system;
  private final HostContext host;
  private final BlockingQueue<HostReport> reports = new ArrayBlockingQueue<>(MOST_REPORTS);
  private final long deadline = System.nanoTime() + LIMIT.toNanos();

  /**
   * @param host whose parts are used
   */
  Rehearsal(ActorSystem<Void> system, HostContext host) {
    this.system = system;
    this.host = host;
  }

  /**
   * Blocks for some seconds. What fails is reported in the log and changes nothing else.
   *
   * @return whether all cuts have been rehearsed
   */
  boolean run(Hypervisor simulated) {
    long begun = System.nanoTime();
    HostContext context =
        new HostContext(
            host.name(),
            2 * MEMORY_MIB,
            host.runDirectory().resolve(OWN),
            host.diskDirectory().resolve(OWN),
            host.dataPlane(),
            new HostContext.Vms(
                simulated,
                host.vms().settings(),
                host.vms().consoles(),
                host.vms().clock(),
                host.vms().processorLoad()),
            new HostContext.Shared(host.shared().store(), host.shared().blocking(), this::report));
    ActorRef<ToHost> actor =
        system.systemActorOf(HostActor.create(context), "vnsnap-rehearsal", Props.empty());
    try {
      takeSnapshots(actor);
      LOG.info("rehearsed {} cuts in {} ms", CUTS, (System.nanoTime() - begun) / 1_000_000);
      return true;
    } catch (IOException e) {
      LOG.warn("snapshots could not be rehearsed: {}", e.getMessage());
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      AskPattern.ask(actor, HostActor.Shutdown::new, LIMIT, system.scheduler())
          .exceptionally(late -> {
            LOG.warn("the rehearsal did not end", late);
            return akka.Done.getInstance();
          })
          .thenRunAsync(
              () -> {
                removeEmpty(context.runDirectory());
                removeEmpty(context.diskDirectory());
              },
              host.shared().blocking());
    }
  }

  private static void removeEmpty(Path folder) {
    try {
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      LOG.warn("the rehearsal has left {}: {}", folder, e.toString());
    }
  }

  /** Never blocks; a report that nobody has room for is missed, and the rehearsal fails. */
  private void report(HostReport report) {
    if (!report.hasProgress() && !reports.offer(report)) {
      LOG.warn("the rehearsal has missed a report");
    }
  }

  private void takeSnapshots(ActorRef<ToHost> actor) throws IOException, InterruptedException {
    Deploy.Builder deploy =
        Deploy.newBuilder()
            .setTopology(topology())
            .putPlacement("vm1", host.name())
            .putPlacement("vm2", host.name())
            .setNetworkId(new SecureRandom().nextLong())
            .setDeadlineMs(LIMIT.toMillis());
    order(actor, order().setDeploy(deploy));
    await(HostReport::hasDeployed);
    order(actor, order().setGo(Go.getDefaultInstance()));
    await(HostReport::hasRunning);
    for (int epoch = 1; epoch <= CUTS; epoch++) {
      takeSnapshot(actor, "%s-%s-%d".formatted(OWN, host.name(), epoch), epoch);
    }
  }

  private void takeSnapshot(ActorRef<ToHost> actor, String snapshotId, int epoch)
      throws IOException, InterruptedException {
    order(
        actor,
        order()
            .setPrepare(
                Prepare.newBuilder()
                    .setSnapshotId(snapshotId)
                    .setEpoch(epoch)
                    .setMode(CaptureMode.INSTANT)
                    .setDeadlineMs(LIMIT.toMillis())));
    await(HostReport::hasPrepared);
    order(actor, order().setCut(Cut.newBuilder().setSnapshotId(snapshotId).setEpoch(epoch)));
    await(HostReport::hasVmStored);
    await(HostReport::hasVmStored);
    order(actor, order().setAbort(Abort.newBuilder().setSnapshotId(snapshotId).setEpoch(epoch)));
    await(HostReport::hasAborted);
  }

  private static HostOrder.Builder order() {
    return HostOrder.newBuilder().setVne(VNE).setGeneration(1);
  }

  private static void order(ActorRef<ToHost> actor, HostOrder.Builder order) {
    actor.tell(new ToHost.Order(order.build()));
  }

  private void await(Predicate<HostReport> expected) throws IOException, InterruptedException {
    while (true) {
      HostReport report = reports.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (report == null) {
        throw new IOException("it took more than " + LIMIT.toSeconds() + " s");
      }
      if (expected.test(report)) {
        return;
      }
      if (report.hasDeployFailed()) {
        throw new IOException(report.getDeployFailed().getReason());
      }
      if (report.hasSnapshotFailed()) {
        throw new IOException(report.getSnapshotFailed().getReason());
      }
    }
  }

  private static Topology topology() {
    return Topology.newBuilder()
        .setName(VNE)
        .addLinks(LinkSpec.newBuilder().setName("link"))
        .addVms(vm(1, 2))
        .addVms(vm(2, 1))
        .build();
  }

  private static VmSpec vm(int number, int peer) {
    return VmSpec.newBuilder()
        .setName("vm" + number)
        .setMemoryMib(MEMORY_MIB)
        .setCpus(1)
        .setCommandLine(
            ("sim.program=traffic vnsnap.name=vm%d vnsnap.ip=10.0.0.%d/24 vnsnap.peers=10.0.0.%d"
                    + " vnsnap.udp=1000")
                .formatted(number, number, peer))
        .addVnics(
            VnicSpec.newBuilder()
                .setName("eth0")
                .setMac("52:54:00:00:00:0" + number)
                .setLink("link"))
        .build();
  }
}
