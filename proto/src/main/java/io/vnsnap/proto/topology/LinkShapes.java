package io.vnsnap.proto.topology;

import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Shape;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VnicSpec;
import java.nio.charset.StandardCharsets;

/**
 * How what a VNIC sends is shaped: its link's shape, with what the VNIC has of its own in place.
 */
public final class LinkShapes {
  private static final long FNV_OFFSET = 0xcbf2_9ce4_8422_2325L;
  private static final long FNV_PRIME = 0x100_0000_01b3L;

  private static final long DEFAULT_QUEUE_BYTES = 256 * 1024;

  private LinkShapes() {}

  /**
   * The whole shape of one direction. The seed is one for this VNIC: two VNICs of a link decide
   * differently, and the same topology decides the same each time.
   *
   * @param vm name of the VNIC's VM
   */
  public static Shape of(Topology topology, String vm, VnicSpec vnic) {
    Shape.Builder shape = merged(topology, vnic).toBuilder();
    if (shape.getRateBps() > 0 && !shape.hasQueueBytes()) {
      shape.setQueueBytes(
          Math.min(DEFAULT_QUEUE_BYTES, ShapeRules.largestQueue(shape.getRateBps())));
    }
    long seed =
        shape.hasSeed()
            ? shape.getSeed()
            : hash(FNV_OFFSET, topology.getName() + "/" + vnic.getLink());
    return shape.setSeed(hash(FNV_OFFSET ^ seed, vm + "/" + vnic.getName())).build();
  }

  /** What is written for the link and, in its place, for the VNIC. */
  static Shape merged(Topology topology, VnicSpec vnic) {
    Shape.Builder shape = Shape.newBuilder();
    for (LinkSpec link : topology.getLinksList()) {
      if (link.getName().equals(vnic.getLink())) {
        shape.mergeFrom(link.getShape());
      }
    }
    return shape.mergeFrom(vnic.getShape()).build();
  }

  /** FNV-1a of 64 bits: the same on every machine and in every version. */
  private static long hash(long start, String text) {
    long hash = start;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    return hash;
  }
}
