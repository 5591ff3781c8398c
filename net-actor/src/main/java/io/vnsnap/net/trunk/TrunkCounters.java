package io.vnsnap.net.trunk;

/**
 * What the trunk listener could not place.
 *
 * @param unknownNetwork frames and markers of a VNE that is not, or no longer, on this host
 * @param unknownChannel frames and markers of a channel that the peer does not have
 * @param cutOff connections ended because the peer sent nonsense
 */
public record TrunkCounters(long unknownNetwork, long unknownChannel, long cutOff) {}
