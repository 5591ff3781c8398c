package io.vnsnap.store.life;

import java.util.List;
import java.util.SortedMap;

/**
 * What reading everything back has found.
 *
 * @param findings what is wrong; none: all of it is as it was written
 * @param snapshots that were looked at
 * @param packs that were read
 * @param pages whose content was checked
 * @param bytes that were read from packs
 */
public record ScrubReport(
    List<Finding> findings, int snapshots, int packs, long pages, long bytes) {

  /** Copies. */
  public ScrubReport {
    findings = List.copyOf(findings);
  }

  /** Whether nothing is wrong. */
  public boolean passed() {
    return findings.isEmpty();
  }

  /** Whether what is wrong touches no snapshot: only the index, which can be made anew. */
  public boolean onlyIndex() {
    return findings.stream().allMatch(Finding::index);
  }

  /**
   * Something that is wrong.
   *
   * @param what which object, and what is wrong with it
   * @param touched by snapshot and part (e.g. "VM web") how many pages; 0: all of it
   * @param index it is about the index only
   */
  public record Finding(String what, SortedMap<String, Long> touched, boolean index) {}
}
