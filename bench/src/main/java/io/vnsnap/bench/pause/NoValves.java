package io.vnsnap.bench.pause;

import io.vnsnap.vm.Valves;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The gates of a VM that has no VNIC. */
final class NoValves implements Valves {

  @Override
  public CompletionStage<Void> open() {
    return CompletableFuture.completedStage(null);
  }

  @Override
  public CompletionStage<Void> shut() {
    return CompletableFuture.completedStage(null);
  }

  @Override
  public CompletionStage<Void> reopen() {
    return CompletableFuture.completedStage(null);
  }

  @Override
  public CompletionStage<Void> hold(int epoch) {
    return CompletableFuture.completedStage(null);
  }

  @Override
  public CompletionStage<Void> turnRed(int epoch) {
    return CompletableFuture.completedStage(null);
  }

  @Override
  public CompletionStage<Long> release(int epoch) {
    return CompletableFuture.completedStage(0L);
  }

  @Override
  public CompletionStage<Void> abort(int epoch) {
    return CompletableFuture.completedStage(null);
  }
}
