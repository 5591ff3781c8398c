package io.vnsnap.shell.demo;

import io.vnsnap.proto.Topology;
import io.vnsnap.proto.topology.TopologyRules;
import io.vnsnap.proto.topology.Violation;
import io.vnsnap.shell.node.NodeOptions;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What the demo's guests are.
 *
 * @param hypervisor that runs them, see {@link NodeOptions}
 * @param topology of them
 * @param whySimulated why they are not real ones; empty: they are
 */
record DemoGuests(String hypervisor, Topology topology, String whySimulated) {
  /** Variable by which the launcher says why QEMU or the guest kit cannot be had. */
  static final String NO_QEMU = "VNSNAP_NO_QEMU";

  private static final String QEMU = "qemu-system-x86_64";
  private static final List<String> GUEST_FILES = List.of("vmlinuz", "initramfs.gz");

  /**
   * Real guests where they can be had, else simulated ones.
   *
   * @param simulated simulated ones in any case
   * @param whyQemuUnusable asked last, and only where QEMU and kit are there: says why this user
   *     cannot start and capture VMs with it, or nothing
   */
  static DemoGuests choose(
      DemoPlan plan,
      boolean simulated,
      Map<String, String> environment,
      Supplier<String> whyQemuUnusable)
      throws DemoFailure {
    String why = simulated ? "--simulated asks for it" : whyNotReal(environment, whyQemuUnusable);
    Topology topology =
        why.isEmpty() ? DemoTopology.of(plan, kit(environment)) : DemoTopology.simulated(plan);
    List<Violation> violations = TopologyRules.check(topology);
    if (!violations.isEmpty()) {
      throw new DemoFailure(violations.get(0).text());
    }
    return new DemoGuests(why.isEmpty() ? NodeOptions.QEMU : NodeOptions.SIMULATED, topology, why);
  }

  private static Path kit(Map<String, String> environment) {
    return Path.of(environment.getOrDefault("VNSNAP_GUEST", "")).toAbsolutePath().normalize();
  }

  private static String whyNotReal(
      Map<String, String> environment, Supplier<String> whyQemuUnusable) {
    String told = environment.getOrDefault(NO_QEMU, "");
    if (!told.isEmpty()) {
      return told;
    }
    if (!onPath(environment)) {
      return QEMU + " is not on the PATH; to have it, apt-get install qemu-system-x86";
    }
    if (environment.getOrDefault("VNSNAP_GUEST", "").isEmpty()) {
      return "VNSNAP_GUEST does not name the folder of the guest kit; ./vnsnap demo prepares it";
    }
    return GUEST_FILES.stream()
        .map(kit(environment)::resolve)
        .filter(file -> !Files.isReadable(file))
        .map(file -> "the guest kit lacks %s; guest/build builds it".formatted(file))
        .findFirst()
        .orElseGet(whyQemuUnusable);
  }

  private static boolean onPath(Map<String, String> environment) {
    return Arrays.stream(environment.getOrDefault("PATH", "").split(File.pathSeparator))
        .filter(folder -> !folder.isEmpty())
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, QEMU)));
  }
}
