package io.vnsnap.shell.render;

import static java.util.stream.Collectors.joining;

import io.vnsnap.proto.CardTrouble;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.RefusedFrames;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VmStatus;
import io.vnsnap.proto.VneStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** VNEs for people. */
public final class StatusView {
  private static final int BAR_WIDTH = 24;

  private StatusView() {}

  /** One line per VNE. */
  public static List<String> list(List<VneStatus> vnes, Style style) {
    if (vnes.isEmpty()) {
      return List.of("No VNE is deployed. Deploy one: vnsnap up FILE");
    }
    Table table = new Table("VNE", "STATE", ">VMS", "HOSTS", "LAST SNAPSHOT", "LAST FAILURE");
    for (VneStatus vne : vnes) {
      table.row(
          vne.getVne(),
          state(vne),
          Integer.toString(vne.getVmsCount()),
          String.join(
              ",",
              vne.getVmsList().stream()
                  .map(VmStatus::getHost)
                  .filter(host -> !host.isEmpty())
                  .distinct()
                  .sorted()
                  .toList()),
          orDash(vne.getLastSnapshotId()),
          orDash(vne.getLastFailure()));
    }
    return table.lines(style);
  }

  /** One VNE with its VMs. */
  public static List<String> one(VneStatus vne, Style style) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "VNE %s: %s (generation %d, epoch %d)"
            .formatted(
                style.strong(Plain.line(vne.getVne())),
                colouredState(vne, style),
                vne.getGeneration(),
                vne.getEpoch()));
    if (!vne.getLastSnapshotId().isEmpty()) {
      lines.add("Last snapshot: " + Plain.line(vne.getLastSnapshotId()));
    }
    if (!vne.getLastFailure().isEmpty()) {
      lines.add("Last failure: " + style.bad(Plain.line(vne.getLastFailure())));
    }
    if (vne.getVmsCount() > 0) {
      Table table = new Table("VM", "HOST", "STATE", ">PID", ">MEMORY", "HYPERVISOR");
      for (VmStatus vm : vne.getVmsList()) {
        table.row(
            vm.getVm(),
            orDash(vm.getHost()),
            vm.getState() + progress(vm) + lostCards(vm),
            vm.getPid() > 0 ? Long.toString(vm.getPid()) : "-",
            memory(vne, vm.getVm()),
            orDash(vm.getHypervisorVersion()));
      }
      lines.addAll(table.lines(style));
    }
    vne.getVmsList()
        .forEach(vm -> vm.getCardsList().forEach(card -> addTrouble(lines, vm, card, style)));
    return lines;
  }

  private static void addTrouble(List<String> lines, VmStatus vm, CardTrouble card, Style style) {
    String name = "  " + Plain.line(vm.getVm() + "/" + card.getVnic());
    if (isLost(vm, card)) {
      lines.add(
          name
              + " disconnected: "
              + style.bad(Plain.line(card.getDisconnectedReason()))
              + "; restore the VNE, or take it down");
    }
    if (card.getRefusedCount() > 0) {
      lines.add(name + " refused " + refused(card));
    }
  }

  /** What the card did not let through: "12 frames (VLAN tag 10, forged source 2)". */
  private static String refused(CardTrouble card) {
    long total = card.getRefusedList().stream().mapToLong(RefusedFrames::getFrames).sum();
    return card.getRefusedList().stream()
        .map(part -> Plain.line(part.getCause()) + " " + part.getFrames())
        .collect(joining(", ", total + (total == 1 ? " frame (" : " frames ("), ")"));
  }

  private static String lostCards(VmStatus vm) {
    return vm.getCardsList().stream()
        .filter(card -> isLost(vm, card))
        .map(card -> ", card " + card.getVnic() + " disconnected")
        .collect(joining());
  }

  /** Whether the VM runs on without the card; when it has ended, that says enough. */
  private static boolean isLost(VmStatus vm, CardTrouble card) {
    return vm.getState().equals("running") && !card.getDisconnectedReason().isEmpty();
  }

  /**
   * One bar per VM of what an operation has done so far, under a line that says which step it is
   * at.
   */
  public static List<String> bars(String what, VneStatus vne, Style style) {
    List<String> lines = new ArrayList<>();
    lines.add(what + ": " + state(vne));
    int width = vne.getVmsList().stream().mapToInt(v -> v.getVm().length()).max().orElse(0);
    for (VmStatus vm : vne.getVmsList()) {
      String name = Plain.line(vm.getVm());
      lines.add(
          "  %s  %s  %s"
              .formatted(
                  name + " ".repeat(Math.max(0, width - name.length())),
                  ProgressBar.of(fraction(vm), BAR_WIDTH, style),
                  vm.getTotalBytes() > 0
                      ? Units.bytes(vm.getDoneBytes()) + " of " + Units.bytes(vm.getTotalBytes())
                      : Plain.line(vm.getState())));
    }
    return lines;
  }

  /** The phase, and the step within it if there is one. */
  public static String state(VneStatus vne) {
    String phase = vne.getPhase().name().toLowerCase(Locale.ROOT);
    return vne.getStep().isEmpty() ? phase : phase + ", " + Plain.line(vne.getStep());
  }

  private static String colouredState(VneStatus vne, Style style) {
    return switch (vne.getPhase()) {
      case RUNNING -> style.good(state(vne));
      case DEGRADED -> style.bad(state(vne));
      default -> state(vne);
    };
  }

  private static double fraction(VmStatus vm) {
    return vm.getTotalBytes() <= 0 ? 0 : (double) vm.getDoneBytes() / vm.getTotalBytes();
  }

  private static String progress(VmStatus vm) {
    return vm.getTotalBytes() > 0 && vm.getDoneBytes() < vm.getTotalBytes()
        ? " (%d %%)".formatted((int) (fraction(vm) * 100))
        : "";
  }

  private static String memory(VneStatus vne, String vm) {
    return vne.getTopology().getVmsList().stream()
        .filter(spec -> spec.getName().equals(vm))
        .findFirst()
        .map(VmSpec::getMemoryMib)
        .map(mib -> mib + " MiB")
        .orElse("-");
  }

  private static String orDash(String text) {
    return text.isEmpty() ? "-" : text;
  }

  /** Whether an operation is under way. */
  public static boolean busy(Phase phase) {
    return switch (phase) {
      case DEPLOYING, SNAPSHOTTING, RESTORING, STOPPING -> true;
      case DOWN, RUNNING, DEGRADED, UNRECOGNIZED -> false;
    };
  }
}
