package io.vnsnap.vm;

/**
 * What a hypervisor is.
 *
 * @param name as it goes into image records, e.g. "qemu"
 * @param version e.g. "7.2.22"; empty when it could not be found out
 * @param unusableReason one line saying why no VM can be started and captured; empty: usable
 */
public record HypervisorDescription(String name, String version, String unusableReason) {

  /** Whether VMs can be started and captured. */
  public boolean usable() {
    return unusableReason.isEmpty();
  }
}
