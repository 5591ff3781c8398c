package io.vnsnap.vm;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * What the stand-ins of one test do, and what they were asked to do, in order. A step succeeds at
 * once unless the test holds or breaks it.
 */
final class Script {
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final Map<String, CompletableFuture<Void>> held = new ConcurrentHashMap<>();

  /** The step will complete when what is returned is run. */
  Runnable hold(String step) {
    CompletableFuture<Void> gate = new CompletableFuture<>();
    held.put(step, gate);
    return () -> gate.complete(null);
  }

  /** The step will fail, until it is freed. */
  void fail(String step, String reason) {
    held.put(step, CompletableFuture.failedFuture(new HypervisorException(reason)));
  }

  void free(String step) {
    held.remove(step);
  }

  List<String> calls() {
    return List.copyOf(calls);
  }

  void forget() {
    calls.clear();
  }

  <T> CompletionStage<T> step(String step, T value) {
    calls.add(step);
    CompletableFuture<Void> gate = held.get(step.replaceAll(" .*", ""));
    return gate == null
        ? CompletableFuture.completedStage(value)
        : gate.minimalCompletionStage().thenApply(open -> value);
  }

  CompletionStage<Void> step(String step) {
    return step(step, "").thenAccept(done -> {});
  }
}
