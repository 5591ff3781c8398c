package io.vnsnap.net.gate;

/**
 * A gate has made its cut.
 *
 * @param epoch of the gate now
 * @param drainedFrames white frames that were read after the VM was paused
 */
public record TurnedRed(int epoch, long drainedFrames) {}
