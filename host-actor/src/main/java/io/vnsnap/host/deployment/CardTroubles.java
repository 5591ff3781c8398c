package io.vnsnap.host.deployment;

import io.vnsnap.net.Vnic;
import io.vnsnap.net.VnicActor;
import io.vnsnap.net.frame.BadInput;
import io.vnsnap.proto.CardTrouble;
import io.vnsnap.proto.RefusedFrames;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What is wrong with the network cards of one VM, for the status of its VNE: cards that it has
 * lost, and frames that it must not send. A VM with which nothing is wrong costs nothing: its
 * counters are read, and reported, only from the first trouble on.
 */
final class CardTroubles {
  /** Time between two reports: a new coordinator, or one that missed the last, knows after it. */
  static final Duration INTERVAL = Duration.ofSeconds(5);

  private final List<Vnic> vnics;
  private final Map<Integer, String> disconnected = new HashMap<>();

  /** Nothing is wrong. */
  CardTroubles(List<Vnic> vnics) {
    this.vnics = vnics;
  }

  /** The VM runs on without this VNIC. */
  void disconnected(int number, String reason) {
    disconnected.put(number, reason);
  }

  /** The name of a VNIC within its VM. */
  String name(int number) {
    return vnics.stream()
        .filter(vnic -> vnic.number() == number)
        .map(Vnic::name)
        .findFirst()
        .orElse(Integer.toString(number));
  }

  /**
   * The cards with which something is wrong.
   *
   * @param counted what each VNIC has counted
   */
  List<CardTrouble> report(List<VnicActor.Counted> counted) {
    return counted.stream()
        .map(this::report)
        .filter(card -> !card.getDisconnectedReason().isEmpty() || card.getRefusedCount() > 0)
        .toList();
  }

  private CardTrouble report(VnicActor.Counted counted) {
    CardTrouble.Builder card =
        CardTrouble.newBuilder()
            .setVnic(name(counted.vnic()))
            .setDisconnectedReason(disconnected.getOrDefault(counted.vnic(), ""));
    for (BadInput cause : BadInput.values()) {
      long frames = counted.counters().refused().of(cause);
      if (frames > 0) {
        card.addRefused(RefusedFrames.newBuilder().setCause(cause.label()).setFrames(frames));
      }
    }
    return card.build();
  }
}
