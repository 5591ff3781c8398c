package io.vnsnap.net.link;

import java.time.Duration;

/**
 * Bounds of a link's shaping.
 *
 * @param delayedBytes memory for the frames of one VNIC that rate and delay keep back
 * @param granularity pause between two times at which delayed frames are sent on, at least
 */
public record LinkSettings(long delayedBytes, Duration granularity) {}
