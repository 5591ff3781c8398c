package io.vnsnap.vm;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * What a capture may ask of a VM's network. A hypervisor may drop frames that it holds for a VM
 * that stops, so before a VM may stop outside a cut there must be none. Safe for use by any thread;
 * no method blocks. A stage that fails means that the VM did not take its frames; they stay held.
 */
public interface VmNetwork {

  /**
   * Holds frames for the VM until it has taken those that were written to it. They stay held: for a
   * capture that is given up.
   */
  CompletionStage<?> hold();

  /** As {@link #hold}, for a moment: until {@link #reopen}. */
  CompletionStage<?> shut();

  /** Lets frames pass again, unless they are held for a cut. */
  CompletionStage<?> reopen();

  /** A network of which nothing but {@link #hold} is used. */
  static VmNetwork heldBy(Supplier<CompletionStage<?>> hold) {
    return new VmNetwork() {
      @Override
      public CompletionStage<?> hold() {
        return hold.get();
      }

      @Override
      public CompletionStage<?> shut() {
        return hold.get();
      }

      @Override
      public CompletionStage<?> reopen() {
        return CompletableFuture.completedStage(null);
      }
    };
  }
}
