package io.vnsnap.net.gate;

import static java.util.stream.Collectors.joining;

import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.frame.Drops;
import java.util.stream.Stream;

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
 * @param lost frames from the VM that its link, or a full trunk behind it, has lost, each copy of a
 *     flooded frame counted; not changed any more
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
    Drops lost,
    long stale,
    long missing,
    Drops drops) {

  /** For people: which frames did not get through, by cause; empty if all did. */
  public String losses() {
    return Stream.of(
            part(refused.total(), "refused from the VM " + refused),
            part(lost.total(), "lost on their way to others " + lost),
            part(drops.total(), "dropped before the VM " + drops),
            part(missing, "never arrived " + missing),
            part(stale, "came twice or too late " + stale))
        .filter(part -> !part.isEmpty())
        .collect(joining("; "));
  }

  private static String part(long count, String words) {
    return count > 0 ? words : "";
  }
}
