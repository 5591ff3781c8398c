package io.vnsnap.net;

import io.vnsnap.net.link.Shaping;

/**
 * A VNIC of a VNE, wherever its VM runs.
 *
 * @param number in topology order, from 0
 * @param vm name of its VM
 * @param name of the VNIC, unique within the VM
 * @param mac address, colon separated
 * @param link name of the link it is on
 * @param host name of the host its VM runs on
 * @param shaping what happens to the frames it sends, on their way to the link
 */
public record Vnic(
    int number, String vm, String name, String mac, String link, String host, Shaping shaping) {

  /** A VNIC whose frames are passed to the link as they are. */
  public Vnic(int number, String vm, String name, String mac, String link, String host) {
    this(number, vm, name, mac, link, host, Shaping.NONE);
  }

  @Override
  public String toString() {
    return vm + "/" + name;
  }
}
