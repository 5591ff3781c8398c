package io.vnsnap.net;

/**
 * Names a channel of a VNE.
 *
 * @param from number of the sending VNIC
 * @param to number of the receiving VNIC
 */
public record ChannelId(int from, int to) {}
