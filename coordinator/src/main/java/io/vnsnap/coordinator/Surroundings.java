package io.vnsnap.coordinator;

import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.VneEvent;
import java.time.InstantSource;
import java.util.random.RandomGenerator;

/**
 * What the steps of one VNE's coordinator are given: nothing of it changes, and time and chance
 * come from outside.
 *
 * @param vne name of the VNE
 * @param clock wall clock
 * @param random of network ids and snapshot ids
 */
record Surroundings(
    String vne, CoordinatorSettings settings, InstantSource clock, RandomGenerator random) {

  long nowMs() {
    return clock.millis();
  }

  VneEvent.Builder event() {
    return VneEvent.newBuilder().setAtEpochMs(nowMs());
  }

  HostOrder.Builder order(Deployment deployment) {
    return order(deployment.generation());
  }

  HostOrder.Builder order(int generation) {
    return HostOrder.newBuilder().setVne(vne).setGeneration(generation);
  }
}
