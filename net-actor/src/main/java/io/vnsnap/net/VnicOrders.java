package io.vnsnap.net;

import io.vnsnap.net.gate.Gate;
import io.vnsnap.net.gate.GateCounters;
import io.vnsnap.net.gate.GateEvents;
import io.vnsnap.net.gate.Held;
import io.vnsnap.net.gate.Refusal;
import io.vnsnap.net.gate.Released;
import io.vnsnap.net.gate.TurnedRed;
import io.vnsnap.proto.RecordedFrame;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/**
 * The orders to a gate, for callers that are not on the event loop: each is carried out there, in
 * the order of the calls. Results are completed on the event loop and fail with a {@link Refusal}
 * where the gate refuses.
 */
final class VnicOrders {
  private final Gate gate;
  private final DataPlane plane;

  VnicOrders(Gate gate, DataPlane plane) {
    this.gate = gate;
    this.plane = plane;
  }

  CompletionStage<Void> listen(GateEvents events) {
    return now(() -> {
      gate.listen(events);
      return null;
    });
  }

  CompletionStage<Void> connect(Path socket, Duration deadline) {
    return onLoop(() ->
        plane
            .connector()
            .connect(socket, deadline, gate)
            .handle((port, failure) -> {
              if (failure != null) {
                throw new Refusal(
                    "cannot connect to the VM's network socket %s: %s"
                        .formatted(socket, failure.getMessage()));
              }
              gate.orders().attach(port);
              port.start();
              return null;
            }));
  }

  CompletionStage<Void> preload(List<RecordedFrame> frames) {
    return now(() -> {
      gate.orders().preload(frames);
      return null;
    });
  }

  CompletionStage<Void> open() {
    return now(() -> {
      gate.orders().open();
      return null;
    });
  }

  CompletionStage<Held> hold(int cut) {
    return onLoop(() -> gate.orders().hold(cut));
  }

  CompletionStage<Held> rehearse() {
    return onLoop(() -> gate.orders().rehearse());
  }

  CompletionStage<Held> shut() {
    return onLoop(() -> gate.orders().shut());
  }

  CompletionStage<Void> reopen() {
    return now(() -> {
      gate.orders().reopen();
      return null;
    });
  }

  CompletionStage<TurnedRed> turnRed(int cut) {
    return onLoop(() -> gate.orders().turnRed(cut));
  }

  CompletionStage<Released> release(int cut) {
    return now(() -> gate.orders().release(cut));
  }

  CompletionStage<Integer> abort(int cut) {
    return now(() -> gate.orders().abort(cut));
  }

  CompletionStage<GateCounters> counters() {
    return now(gate::counters);
  }

  CompletionStage<Void> close() {
    return now(() -> {
      gate.close();
      return null;
    });
  }

  private <T> CompletionStage<T> now(Supplier<T> order) {
    return onLoop(() -> CompletableFuture.completedFuture(order.get()));
  }

  private <T> CompletionStage<T> onLoop(Supplier<? extends CompletionStage<T>> order) {
    CompletableFuture<T> result = new CompletableFuture<>();
    try {
      plane.loop().execute(() -> carryOut(order, result));
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(new Refusal("the network is closed"));
    }
    return result;
  }

  private <T> void carryOut(
      Supplier<? extends CompletionStage<T>> order, CompletableFuture<T> result) {
    try {
      order
          .get()
          .whenComplete((value, failure) -> {
            if (failure != null) {
              result.completeExceptionally(failure);
            } else {
              result.complete(value);
            }
          });
    } catch (RuntimeException e) {
      result.completeExceptionally(e);
    }
    plane.flusher().flush();
  }
}
