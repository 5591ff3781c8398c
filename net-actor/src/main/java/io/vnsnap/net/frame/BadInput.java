package io.vnsnap.net.frame;

import static java.util.stream.Collectors.joining;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** What a VM may send that is not passed on. */
public enum BadInput {
  /** Shorter than an Ethernet header. */
  UNDERSIZED("too short", "frames shorter than an Ethernet header"),
  /** Longer than QEMU's longest frame: the stream makes no sense from there on. */
  OVERSIZED("too long", "a frame longer than any that QEMU sends"),
  /** The sender's address is not that of the VNIC. */
  FORGED_SOURCE("forged source", "frames from an address that is not its own"),
  /** With a VLAN tag: a link carries untagged frames. */
  VLAN_TAG("VLAN tag", "frames with a VLAN tag"),
  /** The socket was closed in the middle of it. */
  TORN("torn", "part of a frame");

  private final String label;
  private final String words;

  BadInput(String label, String words) {
    this.label = label;
    this.words = words;
  }

  /** Two words beside a count. */
  public String label() {
    return label;
  }

  /** What the VM sent, for a person. */
  public String words() {
    return words;
  }

  /** Counts by cause. Used by one thread, or not changed any more. */
  public static final class Counts {
    private final Map<BadInput, long[]> frames = new EnumMap<>(BadInput.class);

    /** Nothing yet. */
    public Counts() {
      for (BadInput cause : values()) {
        frames.put(cause, new long[1]);
      }
    }

    /** Counts some; true if they are the first of this cause. */
    public boolean add(BadInput cause, int frames) {
      long[] count = count(cause);
      count[0] += frames;
      return count[0] == frames;
    }

    /** What was refused for this cause. */
    public long of(BadInput cause) {
      return count(cause)[0];
    }

    /** What was refused for any cause. */
    public long total() {
      return frames.values().stream().mapToLong(count -> count[0]).sum();
    }

    /** A copy that does not change with this. */
    public Counts copy() {
      Counts copy = new Counts();
      frames.forEach((cause, count) -> copy.count(cause)[0] = count[0]);
      return copy;
    }

    /** For people: "12 (forged source 2, VLAN tag 10)". */
    @Override
    public String toString() {
      return frames.entrySet().stream()
          .filter(entry -> entry.getValue()[0] > 0)
          .map(entry -> entry.getKey().label() + " " + entry.getValue()[0])
          .collect(joining(", ", total() + " (", ")"));
    }

    private long[] count(BadInput cause) {
      return Objects.requireNonNull(frames.get(cause));
    }
  }
}
