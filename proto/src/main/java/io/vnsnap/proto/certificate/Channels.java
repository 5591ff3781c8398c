package io.vnsnap.proto.certificate;

import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * The VNICs of a topology by number, and its channels: every ordered pair of VNICs that share a
 * link.
 */
public final class Channels {

  /** One channel, by the numbers of its VNICs; ordered by sender, then receiver. */
  public record Channel(int from, int to) implements Comparable<Channel> {
    @Override
    public int compareTo(Channel other) {
      return from != other.from ? Integer.compare(from, other.from) : Integer.compare(to, other.to);
    }
  }

  private record Vnic(String vm, VnicSpec spec) {}

  private final List<Vnic> vnics = new ArrayList<>();

  /** Those of a topology. */
  public Channels(Topology topology) {
    for (VmSpec vm : topology.getVmsList()) {
      vm.getVnicsList().forEach(spec -> vnics.add(new Vnic(vm.getName(), spec)));
    }
  }

  /** All channels, in order. */
  public List<Channel> all() {
    List<Channel> channels = new ArrayList<>();
    for (int from = 0; from < vnics.size(); from++) {
      for (int to = 0; to < vnics.size(); to++) {
        if (from != to && link(from).equals(link(to))) {
          channels.add(new Channel(from, to));
        }
      }
    }
    return channels;
  }

  /** The VM of a VNIC, or empty if there is no VNIC of that number. */
  public String vmOf(int vnic) {
    return vnic >= 0 && vnic < vnics.size() ? vnics.get(vnic).vm() : "";
  }

  /** How users know a VNIC: "vm/vnic". */
  public String name(int vnic) {
    return vnic >= 0 && vnic < vnics.size()
        ? vnics.get(vnic).vm() + "/" + vnics.get(vnic).spec().getName()
        : "VNIC " + vnic;
  }

  /** How users know a channel: "vm/vnic to vm/vnic". */
  public String name(Channel channel) {
    return name(channel.from()) + " to " + name(channel.to());
  }

  private String link(int vnic) {
    return vnics.get(vnic).spec().getLink();
  }
}
