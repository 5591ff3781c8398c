package io.vnsnap.store;

/**
 * What an image is to be stored as.
 *
 * @param snapshotId of the snapshot it becomes part of
 * @param vne name of the VNE; with the VM's name it says which earlier image to compare with
 * @param vm name of the VM
 * @param staging where pages are that are written more than once
 */
public record ImageTarget(String snapshotId, String vne, String vm, Staging staging) {

  /** Where the pages of a capture in rounds wait until it ends. */
  public enum Staging {
    /** In memory, as far as it goes: of a page only the last version is written. */
    MEMORY,
    /** In the store: each version is written as it comes; those replaced are left to collect. */
    DISK
  }

  /** A target that is written in one go. */
  public static ImageTarget of(String snapshotId, String vne, String vm) {
    return new ImageTarget(snapshotId, vne, vm, Staging.DISK);
  }
}
