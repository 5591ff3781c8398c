package io.vnsnap.net.trunk;

import io.vnsnap.net.link.NextHop;
import org.jspecify.annotations.Nullable;

/** Takes in what arrives for one VNE's network. On the event loop. */
@FunctionalInterface
public interface Network {

  /**
   * The receiving end of a channel.
   *
   * @param peer host that sends
   * @param from number of the sending VNIC, unchecked
   * @param to number of the receiving VNIC, unchecked
   * @return null if the peer has no such channel to here
   */
  @Nullable NextHop channel(String peer, int from, int to);
}
