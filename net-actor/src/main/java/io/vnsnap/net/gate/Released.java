package io.vnsnap.net.gate;

/**
 * A gate is open again after its cut.
 *
 * @param heldFrames frames that had been waiting
 */
public record Released(long heldFrames) {}
