package io.vnsnap.net;

import io.vnsnap.net.frame.Framing;
import io.vnsnap.proto.Endpoint;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One deployment of a VNE's network, as one host needs to know it.
 *
 * @param vne name of the VNE, for people
 * @param networkId random; names this deployment on the trunks, the same on all hosts
 * @param localHost name of this host
 * @param vnics all VNICs of the VNE, each at the place of its number
 * @param trunks where the hosts' trunk listeners are, by host name; all but this host's are needed
 * @param inFlight for a restore, the number of recorded frames of each channel that has any
 */
public record SegmentSpec(
    String vne,
    long networkId,
    String localHost,
    List<Vnic> vnics,
    Map<String, Endpoint> trunks,
    Map<ChannelId, Long> inFlight) {

  /**
   * Copies and checks.
   *
   * @throws IllegalArgumentException if the parts contradict each other
   */
  public SegmentSpec {
    vnics = List.copyOf(vnics);
    trunks = Map.copyOf(trunks);
    inFlight = Map.copyOf(inFlight);
    Set<String> addresses = new HashSet<>();
    for (int number = 0; number < vnics.size(); number++) {
      Vnic vnic = vnics.get(number);
      if (vnic.number() != number) {
        throw new IllegalArgumentException("VNIC " + vnic + " is not at the place of its number");
      }
      if (!addresses.add(vnic.link() + " " + Framing.parseMac(vnic.mac()))) {
        throw new IllegalArgumentException("two VNICs of a link have address " + vnic.mac());
      }
      if (!vnic.host().equals(localHost) && !trunks.containsKey(vnic.host())) {
        throw new IllegalArgumentException("no trunk to host " + vnic.host() + " of " + vnic);
      }
    }
  }
}
