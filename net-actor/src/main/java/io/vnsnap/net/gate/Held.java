package io.vnsnap.net.gate;

/**
 * A gate is shut for a cut.
 *
 * @param quiet whether the VM has taken everything that was handed to it; if not, a cut now would
 *     lose frames that count as delivered
 * @param waitedMicros time it took, in microseconds
 */
public record Held(boolean quiet, long waitedMicros) {}
