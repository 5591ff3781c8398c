package io.vnsnap.bench.goodput;

/**
 * A snapshot that was taken while goodput was measured.
 *
 * @param millis from the order to the seal
 * @param pauseMaxMillis the longest pause of a VM
 * @param inRounds captures in rounds
 * @param captures all of them: one for each VM
 */
record TakenSnapshot(String id, double millis, double pauseMaxMillis, int inRounds, int captures) {}
