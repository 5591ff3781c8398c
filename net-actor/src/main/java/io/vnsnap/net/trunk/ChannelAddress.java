package io.vnsnap.net.trunk;

/**
 * Names a channel on the trunk.
 *
 * @param network of one deployment of a VNE
 * @param from number of the sending VNIC
 * @param to number of the receiving VNIC
 */
public record ChannelAddress(long network, int from, int to) {}
