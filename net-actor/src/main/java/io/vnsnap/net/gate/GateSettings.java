package io.vnsnap.net.gate;

import java.time.Duration;

/**
 * Bounds of a gate.
 *
 * @param queueBytes memory for frames that wait at one gate, for it to open or for the VM to take
 *     them
 * @param recordBytes memory for the recorded frames of one cut at one gate
 * @param quietDeadline how long a hold waits for the VM to take what was handed to it
 * @param drainDeadline how long turning red waits for the rest of what the paused VM had sent
 * @param maxHold how long a gate stays shut, or keeps red frames, before it opens by itself
 * @param maxReplay the longest time over which recorded frames are spread after a restore
 */
public record GateSettings(
    long queueBytes,
    long recordBytes,
    Duration quietDeadline,
    Duration drainDeadline,
    Duration maxHold,
    Duration maxReplay) {}
