package io.vnsnap.coordinator;

import akka.actor.typed.ActorRef;
import io.vnsnap.coordinator.SnapshotInProgress.Stage;
import io.vnsnap.proto.Abort;
import io.vnsnap.proto.Cut;
import io.vnsnap.proto.CutOrdered;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.Prepare;
import io.vnsnap.proto.Seal;
import io.vnsnap.proto.SnapshotAborted;
import io.vnsnap.proto.SnapshotRequested;
import io.vnsnap.proto.SnapshotSealed;
import io.vnsnap.proto.SnapshotTaken;
import io.vnsnap.proto.TakeSnapshot;
import io.vnsnap.proto.VmCut;
import io.vnsnap.proto.VmStored;
import io.vnsnap.proto.VneEvent;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.certificate.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.SortedSet;

/** Preparing, cutting, storing and sealing a snapshot, or giving it up. */
final class SnapshotSteps {
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

  private final Surroundings around;
  private final Reach reach;
  private final StatusView view;

  SnapshotSteps(Surroundings around, Reach reach, StatusView view) {
    this.around = around;
    this.reach = reach;
    this.view = view;
  }

  /** A client's request, which is sound, for a VNE that runs and is whole. */
  Decision take(Vne.Running running, TakeSnapshot take, ActorRef<VneReply> client) {
    long now = around.nowMs();
    CoordinatorSettings.Timeouts timeouts = around.settings().timeouts();
    long limit = take.getDeadlineMs() > 0 ? take.getDeadlineMs() : timeouts.snapshot().toMillis();
    SnapshotRequested request =
        SnapshotRequested.newBuilder()
            .setSnapshotId(newId(now))
            .setLabel(take.getLabel())
            .setEpoch(running.history().epoch() + 1)
            .setMode(take.getMode())
            .setStaging(take.getStaging())
            .setStrict(take.getStrict())
            .setDeadlineEpochMs(now + limit)
            .build();
    Duration prepare = left(request, timeouts.prepare());
    HostOrder order =
        around
            .order(running.deployment())
            .setPrepare(
                Prepare.newBuilder()
                    .setSnapshotId(request.getSnapshotId())
                    .setEpoch(request.getEpoch())
                    .setMode(request.getMode())
                    .setStaging(request.getStaging())
                    .setDeadlineMs(prepare.plus(timeouts.cut()).toMillis())
                    .setAbandonMs(limit + timeouts.abort().toMillis()))
            .build();
    SnapshotInProgress begun =
        SnapshotInProgress.begun(request, running.deployment(), List.of(client), now);
    return Decision.to(begun)
        .persist(around.event().setSnapshotRequested(request).build())
        .orderAll(running.deployment().hosts(), order)
        .within(prepare);
  }

  /** Unique for ever, sorts by time, and is safe as the name of a folder. */
  private String newId(long nowMs) {
    return "%s-%s-%08x"
        .formatted(
            around.vne(), STAMP.format(Instant.ofEpochMilli(nowMs)), around.random().nextInt());
  }

  /** A step's limit, or what is left of the whole snapshot's if that is less. */
  private Duration left(SnapshotRequested request, Duration step) {
    long leftMs = Math.max(1, request.getDeadlineEpochMs() - around.nowMs());
    return leftMs < step.toMillis() ? Duration.ofMillis(leftMs) : step;
  }

  Decision onPrepared(SnapshotInProgress snapshot, String host) {
    if (snapshot.stage() != Stage.PREPARING) {
      return Decision.to(snapshot);
    }
    SnapshotInProgress prepared = snapshot.prepared(host);
    if (!prepared.unprepared().isEmpty()) {
      return Decision.to(prepared);
    }
    SnapshotRequested request = snapshot.request();
    HostOrder order =
        around
            .order(snapshot.deployment())
            .setCut(
                Cut.newBuilder()
                    .setSnapshotId(request.getSnapshotId())
                    .setEpoch(request.getEpoch()))
            .build();
    CutOrdered ordered = CutOrdered.newBuilder().setSnapshotId(request.getSnapshotId()).build();
    return Decision.to(prepared.at(Stage.CUTTING))
        .persist(around.event().setCutOrdered(ordered).build())
        .orderAll(snapshot.deployment().hosts(), order)
        .within(left(request, around.settings().timeouts().cut()));
  }

  Decision onCut(SnapshotInProgress snapshot, VmCut report) {
    return snapshot.stage() == Stage.CUTTING
        ? afterCut(snapshot.withCut(report))
        : Decision.to(snapshot.withCut(report));
  }

  private Decision afterCut(SnapshotInProgress snapshot) {
    return snapshot.allCut()
        ? Decision.to(snapshot.at(Stage.STORING))
            .within(left(snapshot.request(), around.settings().timeouts().store()))
        : Decision.to(snapshot);
  }

  /** The last VM's report brings the certificate, and with it the manifest or the end. */
  Decision onStored(Vne.Snapshotting vne, SnapshotInProgress snapshot, VmStored report) {
    boolean tooEarlyOrLate =
        snapshot.stage() == Stage.PREPARING || snapshot.stage() == Stage.SEALING;
    if (tooEarlyOrLate) {
      return Decision.to(snapshot);
    }
    SnapshotInProgress stored = snapshot.withStored(report);
    if (!stored.allStored()) {
      return snapshot.stage() == Stage.CUTTING ? afterCut(stored) : Decision.to(stored);
    }
    Certificate certificate = stored.certificate();
    if (!certificate.exact() && stored.request().getStrict()) {
      return abort(stored, "it is not exact: " + certificate.inexactReason());
    }
    Manifest manifest =
        stored.manifestOf(around.vne(), certificate, vne.cutOrderedAtMs(), around.nowMs());
    SnapshotInProgress sealing = stored.sealing(manifest);
    return Decision.to(sealing)
        .order(sealing.sealer(), sealOrder(sealing))
        .within(left(stored.request(), around.settings().timeouts().seal()));
  }

  HostOrder sealOrder(SnapshotInProgress snapshot) {
    return around
        .order(snapshot.deployment())
        .setSeal(Seal.newBuilder().setManifest(snapshot.manifest()))
        .build();
  }

  Decision onSealed(SnapshotInProgress snapshot) {
    if (snapshot.stage() != Stage.SEALING) {
      return Decision.to(snapshot);
    }
    SnapshotSealed sealed =
        SnapshotSealed.newBuilder().setSnapshotId(snapshot.request().getSnapshotId()).build();
    VneReply taken =
        VneReply.newBuilder()
            .setSnapshotTaken(
                SnapshotTaken.newBuilder()
                    .setManifest(snapshot.manifest())
                    .setFramesHeld(snapshot.framesHeld())
                    .setDurationMs(around.nowMs() - snapshot.startedMs()))
            .build();
    return Decision.to(new Operation.Idle())
        .persist(around.event().setSnapshotSealed(sealed).build())
        .replyAll(snapshot.clients(), vne -> taken);
  }

  Decision onDeadline(SnapshotInProgress snapshot) {
    String silent = String.join(", ", snapshot.awaited());
    long seconds = (around.nowMs() - snapshot.startedMs()) / 1000;
    return abort(
        snapshot,
        "%s took too long: host %s had not reported %d s after the request"
            .formatted(snapshot.step(), silent, seconds));
  }

  /** Gives the snapshot up; hosts that can be reached must confirm that they have undone it. */
  Decision abort(SnapshotInProgress snapshot, String reason) {
    return abort(snapshot, reason, List.of());
  }

  /** Gives the snapshot up because a client asks for it. */
  Decision cancel(SnapshotInProgress snapshot, ActorRef<VneReply> canceller) {
    return abort(snapshot, "it was cancelled", List.of(canceller));
  }

  private Decision abort(
      SnapshotInProgress snapshot, String reason, List<ActorRef<VneReply>> cancellers) {
    Deployment deployment = snapshot.deployment();
    AbortInProgress aborting =
        AbortInProgress.on(
            reach.of(deployment), snapshot.request(), reason, snapshot.clients(), cancellers);
    return abort(
        deployment,
        snapshot.stage() == Stage.SEALING ? aborting.first(deployment.sealer()) : aborting);
  }

  /**
   * Gives up what a restart has interrupted: every host must confirm, seen already or not. Once the
   * cut was ordered, the order to seal may have been given.
   */
  Decision abortInterrupted(Vne.Snapshotting vne) {
    Deployment deployment = vne.running().deployment();
    AbortInProgress aborting =
        AbortInProgress.on(
            deployment.hosts(),
            vne.request(),
            "its coordinator was restarted",
            List.of(),
            List.of());
    return abort(
        deployment, vne.cutOrderedAtMs() > 0 ? aborting.first(deployment.sealer()) : aborting);
  }

  private Decision abort(Deployment deployment, AbortInProgress aborting) {
    String snapshotId = aborting.request().getSnapshotId();
    VneEvent aborted =
        around
            .event()
            .setSnapshotAborted(
                SnapshotAborted.newBuilder().setSnapshotId(snapshotId).setReason(aborting.reason()))
            .build();
    return undo(deployment, aborting)
        .persist(aborted)
        .note("snapshot " + snapshotId + " given up: " + aborting.reason());
  }

  /** Repeats the Abort of an attempt whose end may not have been told everywhere. */
  Decision resumeAbort(Vne.Running running) {
    Deployment deployment = running.deployment();
    AbortInProgress aborting =
        AbortInProgress.on(
            deployment.hosts(),
            running.aborted(),
            running.history().lastFailure(),
            List.of(),
            List.of());
    return undo(deployment, aborting.first(deployment.sealer()));
  }

  /** Orders the hosts that are awaited to undo the snapshot; when there is none, that is done. */
  private Decision undo(Deployment deployment, AbortInProgress aborting) {
    return aborting.awaited().isEmpty()
        ? finish(aborting)
        : Decision.to(aborting)
            .orderAll(aborting.awaited(), abortOrder(deployment, aborting.request()))
            .within(around.settings().timeouts().abort());
  }

  HostOrder abortOrder(Deployment deployment, SnapshotRequested request) {
    return around
        .order(deployment)
        .setAbort(
            Abort.newBuilder().setSnapshotId(request.getSnapshotId()).setEpoch(request.getEpoch()))
        .build();
  }

  Decision onAborted(Deployment deployment, AbortInProgress abort, String host) {
    return goOn(deployment, abort.answered(host));
  }

  Decision onGone(Deployment deployment, AbortInProgress abort, SortedSet<String> gone) {
    AbortInProgress rest = abort;
    for (String host : gone) {
      rest = rest.gone(host);
    }
    return goOn(deployment, rest);
  }

  private Decision goOn(Deployment deployment, AbortInProgress abort) {
    return abort.awaited().isEmpty() ? undo(deployment, abort.next()) : Decision.to(abort);
  }

  Decision onAbortDeadline(Deployment deployment, AbortInProgress abort) {
    return undo(deployment, abort.next())
        .note(
            "host %s has not confirmed that snapshot %s is undone; it does so by itself"
                .formatted(String.join(", ", abort.awaited()), abort.request().getSnapshotId()));
  }

  private Decision finish(AbortInProgress abort) {
    Operation idle = new Operation.Idle();
    return Decision.to(idle)
        .replyAll(abort.refused(), vne -> Replies.failed("no snapshot: " + abort.reason()))
        .replyAll(abort.cancellers(), vne -> view.reply(vne, idle));
  }
}
