package io.vnsnap.net;

/**
 * A VNIC of a VNE, wherever its VM runs.
 *
 * @param number in topology order, from 0
 * @param vm name of its VM
 * @param name of the VNIC, unique within the VM
 * @param mac address, colon separated
 * @param link name of the link it is on
 * @param host name of the host its VM runs on
 */
public record Vnic(int number, String vm, String name, String mac, String link, String host) {
  @Override
  public String toString() {
    return vm + "/" + name;
  }
}
