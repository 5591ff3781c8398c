package io.vnsnap.coordinator;

import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import io.vnsnap.proto.Aborted;
import io.vnsnap.proto.Deployed;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.Running;
import io.vnsnap.proto.Undeployed;
import io.vnsnap.proto.wire.ToHost;
import io.vnsnap.proto.wire.ToVne;
import java.util.Queue;

/** A host that obeys everything at once, except that it never gets ready for a cut. */
final class FakeHost {

  private FakeHost() {}

  /**
   * Starts a node's host.
   *
   * @param heard takes every order
   */
  static Behavior<ToHost> create(String name, Coordinators coordinators, Queue<HostOrder> heard) {
    return Behaviors.receive(ToHost.class)
        .onMessage(
            ToHost.Describe.class,
            describe -> {
              describe.replyTo().tell(Topologies.host(name, 4096, 0));
              return Behaviors.same();
            })
        .onMessage(
            ToHost.Order.class,
            order -> {
              heard.add(order.order());
              obey(name, coordinators, order.order());
              return Behaviors.same();
            })
        .build();
  }

  private static void obey(String name, Coordinators coordinators, HostOrder order) {
    HostReport.Builder report =
        HostReport.newBuilder()
            .setVne(order.getVne())
            .setGeneration(order.getGeneration())
            .setHost(name);
    switch (order.getKindCase()) {
      case DEPLOY -> report.setDeployed(Deployed.getDefaultInstance());
      case GO -> report.setRunning(Running.getDefaultInstance());
      case UNDEPLOY -> report.setUndeployed(Undeployed.getDefaultInstance());
      case ABORT ->
          report.setAborted(Aborted.newBuilder().setSnapshotId(order.getAbort().getSnapshotId()));
      case PREPARE, CUT, SEAL, KIND_NOT_SET -> {
        return;
      }
    }
    coordinators.entity(order.getVne()).tell(new ToVne.Report(report.build()));
  }
}
