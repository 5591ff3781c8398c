package io.vnsnap.simulation.scenario;

import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Shape;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Draws what a VNE consists of and what its guests do. */
final class Topologies {
  private static final int MEMORY_MIB = 16;
  private static final int MOST_DELAY_US = 30_000;
  private static final int RATE_BPS = 20_000_000;
  private static final int QUEUE_BYTES = 200_000;

  private Topologies() {}

  /** Two to four VMs on one link, some of them on a second one too. */
  static Topology draw(String name, SplittableRandom random) {
    int vms = 2 + random.nextInt(3);
    int onSecondLink = random.nextInt(3) == 0 ? 2 + random.nextInt(vms - 1) : 0;
    String program = List.of("traffic", "traffic", "bank", "bank", "ring").get(random.nextInt(5));
    int rate = 60 + random.nextInt(140);
    int stream = random.nextBoolean() ? 30_000 : 0;
    Topology.Builder topology = Topology.newBuilder().setName(name);
    topology.addLinks(link(0, random));
    if (onSecondLink > 0) {
      topology.addLinks(link(1, random));
    }
    for (int vm = 1; vm <= vms; vm++) {
      boolean second = vm <= onSecondLink;
      List<String> peers = new ArrayList<>();
      for (int other = 1; other <= vms; other++) {
        if (other != vm) {
          peers.add(address(0, other));
        }
        if (other != vm && second && other <= onSecondLink && !program.equals("ring")) {
          peers.add(address(1, other));
        }
      }
      String own = second ? address(0, vm) + "," + address(1, vm) : address(0, vm);
      VmSpec.Builder spec =
          VmSpec.newBuilder()
              .setName("vm" + vm)
              .setMemoryMib(MEMORY_MIB)
              .setCpus(1)
              .setCommandLine(
                  "sim.program=%s sim.pages=2 vnsnap.name=vm%d vnsnap.ip=%s vnsnap.peers=%s vnsnap.udp=%d vnsnap.tcp=%d"
                      .formatted(program, vm, own, String.join(",", peers), rate, stream))
              .addVnics(card(0, vm));
      if (second) {
        spec.addVnics(card(1, vm));
      }
      topology.addVms(spec);
    }
    return topology.build();
  }

  /** Half of the links are shaped; none loses frames, so that guests may lose none. */
  private static LinkSpec link(int number, SplittableRandom random) {
    LinkSpec.Builder link = LinkSpec.newBuilder().setName("lan" + number);
    if (random.nextBoolean()) {
      Shape.Builder shape = Shape.newBuilder().setDelayUs(random.nextInt(MOST_DELAY_US));
      if (random.nextBoolean()) {
        shape.setJitterUs(random.nextInt((int) shape.getDelayUs() + 1));
      }
      if (random.nextInt(3) == 0) {
        shape.setRateBps(RATE_BPS).setQueueBytes(QUEUE_BYTES);
      }
      link.setShape(shape);
    }
    return link.build();
  }

  private static String address(int link, int vm) {
    return "10.0.%d.%d".formatted(link, vm);
  }

  private static VnicSpec card(int link, int vm) {
    return VnicSpec.newBuilder()
        .setName("n" + link)
        .setMac("52:54:00:00:0%d:0%d".formatted(link, vm))
        .setLink("lan" + link)
        .build();
  }
}
