package io.vnsnap.host.deployment;

import akka.actor.typed.ActorRef;
import io.vnsnap.net.Vnic;
import io.vnsnap.net.VnicActor;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.vm.Valves;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** The VNICs of one VM, commanded together. A refusal by one fails the whole. */
final class VnicValves implements Valves {
  /** For QEMU's network socket, which listens since the process started. */
  private static final Duration CONNECT_DEADLINE = Duration.ofSeconds(10);

  /**
   * For an answer. The gates have deadlines of their own for what they wait for; this one is
   * longer, and only says that something is broken.
   */
  private static final Duration ANSWER_DEADLINE = Duration.ofSeconds(15);

  private static final int REHEARSALS = 5;

  private final List<ActorRef<VnicActor.Command>> vnics;

  VnicValves(List<ActorRef<VnicActor.Command>> vnics) {
    this.vnics = List.copyOf(vnics);
  }

  /** Connects every VNIC to its socket and gives it the recorded frames that end there. */
  CompletionStage<Void> connect(DeploymentPlan.VmPlan plan, List<Path> sockets) {
    List<CompletionStage<VnicActor.Reply>> wired = new ArrayList<>();
    for (int i = 0; i < vnics.size(); i++) {
      ActorRef<VnicActor.Command> actor = vnics.get(i);
      Vnic vnic = plan.vnics().get(i);
      Path socket = sockets.get(i);
      List<RecordedFrame> frames = plan.inFlight().getOrDefault(vnic.number(), List.of());
      wired.add(
          ask(actor, replyTo -> new VnicActor.Connect(socket, CONNECT_DEADLINE, replyTo))
              .thenCompose(
                  connected -> ask(actor, replyTo -> new VnicActor.Preload(frames, replyTo))));
    }
    return all(wired).thenApply(replies -> null);
  }

  @Override
  public CompletionStage<Void> open() {
    return askAll(VnicActor.Open::new).thenApply(opened -> null);
  }

  /**
   * Shuts and opens the gates some times while the VM runs. Fails when the VM does not take its
   * frames, for then the cut would fail too, with VMs paused. And the code that the cut runs
   * through has then run before: the first cut of a node would else be several times slower.
   */
  CompletionStage<Void> rehearse() {
    CompletionStage<Void> rehearsed = CompletableFuture.completedFuture(null);
    for (int i = 0; i < REHEARSALS; i++) {
      rehearsed =
          rehearsed
              .thenCompose(before -> askAll(VnicActor.Rehearse::new))
              .thenAccept(VnicValves::requireQuiet);
    }
    return rehearsed;
  }

  @Override
  public CompletionStage<Void> shut() {
    return askAll(VnicActor.ShutForNow::new).thenAccept(VnicValves::requireQuiet);
  }

  @Override
  public CompletionStage<Void> reopen() {
    return askAll(VnicActor.Reopen::new).thenApply(opened -> null);
  }

  @Override
  public CompletionStage<Void> hold(int epoch) {
    return askAll(replyTo -> new VnicActor.Hold(epoch, replyTo))
        .thenAccept(VnicValves::requireQuiet);
  }

  private static void requireQuiet(List<VnicActor.Reply> replies) {
    for (VnicActor.Reply reply : replies) {
      switch (reply) {
        case VnicActor.Held held -> requireQuiet(held.quiet(), held.waitedMicros());
        case VnicActor.Rehearsed held -> requireQuiet(held.quiet(), held.waitedMicros());
        case VnicActor.Shut held -> requireQuiet(held.quiet(), held.waitedMicros());
        default -> throw new IllegalStateException("unexpected answer of a VNIC: " + reply);
      }
    }
  }

  private static void requireQuiet(boolean quiet, long waitedMicros) {
    if (!quiet) {
      throw new IllegalStateException(
          "the VM did not take the frames sent to it within %d ms".formatted(waitedMicros / 1000));
    }
  }

  @Override
  public CompletionStage<Void> turnRed(int epoch) {
    return askAll(replyTo -> new VnicActor.TurnRed(epoch, replyTo)).thenApply(red -> null);
  }

  @Override
  public CompletionStage<Long> release(int epoch) {
    return askAll(replyTo -> new VnicActor.Release(epoch, replyTo))
        .thenApply(replies ->
            replies.stream()
                .mapToLong(
                    reply -> reply instanceof VnicActor.Released open ? open.heldFrames() : 0)
                .sum());
  }

  @Override
  public CompletionStage<Void> abort(int epoch) {
    return askAll(replyTo -> new VnicActor.Abort(epoch, replyTo)).thenApply(aborted -> null);
  }

  /** What every VNIC has counted so far. */
  CompletionStage<List<VnicActor.Counted>> count() {
    return askAll(VnicActor.Count::new)
        .thenApply(replies -> replies.stream().map(reply -> (VnicActor.Counted) reply).toList());
  }

  /** Closes every VNIC; completes also when one was closed already. */
  CompletionStage<Void> close() {
    return askAll(VnicActor.Close::new).handle((closed, problem) -> null);
  }

  private CompletionStage<List<VnicActor.Reply>> askAll(
      Function<ActorRef<VnicActor.Reply>, VnicActor.Command> command) {
    return all(vnics.stream().map(vnic -> ask(vnic, command)).toList());
  }

  private CompletionStage<VnicActor.Reply> ask(
      ActorRef<VnicActor.Command> vnic,
      Function<ActorRef<VnicActor.Reply>, VnicActor.Command> command) {
    return Asking.ask(vnic, command, ANSWER_DEADLINE)
        .thenApply(reply -> {
          if (reply instanceof VnicActor.Refused refused) {
            throw new IllegalStateException(refused.reason());
          }
          return reply;
        });
  }

  private static CompletionStage<List<VnicActor.Reply>> all(
      List<CompletionStage<VnicActor.Reply>> stages) {
    CompletionStage<List<VnicActor.Reply>> all =
        CompletableFuture.completedFuture(new ArrayList<>());
    for (CompletionStage<VnicActor.Reply> stage : stages) {
      all =
          all.thenCombine(
              stage,
              (replies, reply) -> {
                replies.add(reply);
                return replies;
              });
    }
    return all;
  }
}
