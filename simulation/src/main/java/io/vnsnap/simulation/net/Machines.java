package io.vnsnap.simulation.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/** Addresses of simulated machines, which have names of one letter. */
final class Machines {
  private Machines() {}

  static InetSocketAddress address(String machine, int port) {
    byte[] number = {10, 0, 0, (byte) machine.charAt(0)};
    try {
      return new InetSocketAddress(InetAddress.getByAddress(machine, number), port);
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }
}
