package io.vnsnap.net.gate;

import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.frame.Drops;

/**
 * What a gate has done so far, in frames of the whole generation.
 *
 * @param epoch of the gate now
 * @param state of the gate now
 * @param sent by the VM, on all channels together: each copy of a flooded frame counts
 * @param keptBack by the link's delay and rate now, and not counted as sent yet
 * @param delivered to the VM
 * @param waiting held, not due yet or in the backlog now: frames and markers
 * @param waitingBytes memory they take
 * @param refused frames from the VM that were not passed on; not changed any more
 * @param stale frames and markers that came twice or too late, forgotten
 * @param missing frames that never arrived, whatever the reason
 * @param drops frames for this VM lost at this gate; not changed any more
 */
public record GateCounters(
    int epoch,
    Gate.State state,
    long sent,
    long keptBack,
    long delivered,
    long waiting,
    long waitingBytes,
    BadInput.Counts refused,
    long stale,
    long missing,
    Drops drops) {}
