package io.vnsnap.store.life;

import java.util.List;

/**
 * What garbage collection would do.
 *
 * @param removed objects that no snapshot needs
 * @param repacked packs that are mostly dead: their live pages are written anew, then they go
 * @param neededBytes of all packs and maps that stay as they are
 */
public record GcPlan(List<Item> removed, List<Repack> repacked, long neededBytes) {

  /** Packs are written anew when a larger share of their pages is dead. */
  public static final double REPACK_DEAD_SHARE = 0.5;

  /** What an object is. */
  public enum Kind {
    PACK("packs"),
    MAP("page maps"),
    HINT("hints"),
    INDEX("index runs"),
    CHANNEL_LOG("channel logs"),
    LEASE("leases that are over"),
    OTHER("other leftovers");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    /** For people, in the plural. */
    public String words() {
      return words;
    }
  }

  /** An object that goes. */
  public record Item(Kind kind, String object, long bytes) {}

  /**
   * A pack that is written anew.
   *
   * @param bytes of the pack
   * @param pages in it
   * @param livePages of them that are needed
   */
  public record Repack(long number, String object, long bytes, int pages, int livePages) {

    /** What comes back, about. */
    public long freedBytes() {
      return bytes - (pages == 0 ? 0 : bytes * livePages / pages);
    }
  }

  /** Copies. */
  public GcPlan {
    removed = List.copyOf(removed);
    repacked = List.copyOf(repacked);
  }

  /** Bytes that come back: exactly by what is removed, about by what is written anew. */
  public long freedBytes() {
    return removedBytes() + repacked.stream().mapToLong(Repack::freedBytes).sum();
  }

  /** Bytes of what is removed. */
  public long removedBytes() {
    return removed.stream().mapToLong(Item::bytes).sum();
  }

  /** Whether there is nothing to do. */
  public boolean isEmpty() {
    return removed.isEmpty() && repacked.isEmpty();
  }

  /** Objects of a kind. */
  public List<Item> removed(Kind kind) {
    return removed.stream().filter(item -> item.kind() == kind).toList();
  }
}
