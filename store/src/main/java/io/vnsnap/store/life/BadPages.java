package io.vnsnap.store.life;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Pages that are not what they were, and what was found about them. Used by one thread. */
final class BadPages {
  /** Most findings about single groups and pages of one pack; more are counted with the last. */
  static final int MOST_PER_PACK = 100;

  private static final int SLOT_BITS = 8;

  private final List<String> findings = new ArrayList<>();
  private final Map<Long, Integer> packs = new HashMap<>();
  private final Map<Long, Map<Integer, Integer>> groups = new HashMap<>();

  /** Nothing of a pack can be read. */
  void pack(long pack, String what) {
    packs.put(pack, findings.size());
    findings.add(what);
  }

  /** A group cannot be read, or a page of it is another. */
  void group(long pack, int group, String what) {
    Map<Integer, Integer> known = groups.computeIfAbsent(pack, p -> new HashMap<>());
    if (known.size() < MOST_PER_PACK) {
      if (known.putIfAbsent(group, findings.size()) == null) {
        findings.add(what);
      }
      return;
    }
    packs.computeIfAbsent(
        pack,
        p -> {
          findings.add("more groups of the same pack; its other pages are not told apart");
          return findings.size() - 1;
        });
  }

  boolean isEmpty() {
    return findings.isEmpty();
  }

  List<String> findings() {
    return findings;
  }

  /** Which finding is about a page, if any is. */
  OptionalInt finding(long pack, int groupAndSlot) {
    Integer group = groups.getOrDefault(pack, Map.of()).get(groupAndSlot >>> SLOT_BITS);
    Integer found = group != null ? group : packs.get(pack);
    return found == null ? OptionalInt.empty() : OptionalInt.of(found);
  }
}
