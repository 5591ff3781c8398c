package io.vnsnap.simulation.scenario;

import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.VneEvent;
import io.vnsnap.simulation.world.World;

/**
 * What happened in a run, or in many: without it nobody knows whether they put anything to the
 * test.
 *
 * @param sealed snapshots
 * @param aborted snapshots
 * @param deployments from a boot or a snapshot, finished or not
 * @param recorded frames in flight across a cut, in sealed snapshots
 * @param lost VMs that have ended without being asked to
 */
public record Tally(long sealed, long aborted, long deployments, long recorded, long lost) {
  /** Nothing. */
  public static final Tally NOTHING = new Tally(0, 0, 0, 0, 0);

  static Tally of(World world) {
    long sealed = 0;
    long aborted = 0;
    long deployments = 0;
    long lost = 0;
    for (Object event : world.journal().allEvents()) {
      switch (((VneEvent) event).getKindCase()) {
        case SNAPSHOT_SEALED -> sealed++;
        case SNAPSHOT_ABORTED -> aborted++;
        case DEPLOY_ORDERED -> deployments++;
        case VM_LOST -> lost++;
        default -> {
          // Not counted.
        }
      }
    }
    long recorded = 0;
    for (Manifest manifest : world.store().list().snapshots()) {
      recorded +=
          manifest.getChannelsList().stream().mapToLong(channel -> channel.getRecorded()).sum();
    }
    return new Tally(sealed, aborted, deployments, recorded, lost);
  }

  /** Both together. */
  public Tally plus(Tally other) {
    return new Tally(
        sealed + other.sealed,
        aborted + other.aborted,
        deployments + other.deployments,
        recorded + other.recorded,
        lost + other.lost);
  }
}
