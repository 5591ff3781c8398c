package io.vnsnap.vm.sim.guest;

/** A guest's random words, from a seed that it was given when it booted. */
record Randomness(Word state) {
  void seed(long seed) {
    state.set(Mixing.mix(seed, 0));
  }

  long next() {
    state.set(Mixing.nextRandom(state.get()));
    return state.get();
  }

  /** From 0 to below the bound. */
  int below(int bound) {
    return (int) Long.remainderUnsigned(next() >>> 8, bound);
  }
}
