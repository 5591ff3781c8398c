package io.vnsnap.net.trunk;

/**
 * What the trunk listener has seen of other hosts so far.
 *
 * @param unknownNetwork frames and markers of a VNE that is not, or no longer, on this host
 * @param unknownChannel frames and markers of a channel that the peer does not have
 * @param cutOff connections ended because the peer sent nonsense, or is not of this cluster
 * @param readPauses times that no trunk was read because too much waited on this host
 */
public record TrunkCounters(
    long unknownNetwork, long unknownChannel, long cutOff, long readPauses) {

  boolean isNothing() {
    return unknownNetwork + unknownChannel + cutOff + readPauses == 0;
  }
}
