package io.vnsnap.vm.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.vm.Machine;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Whole worlds of simulated VMs: runs that repeat themselves, and snapshots that go on exactly. */
class SimulatedSnapshotTest {
  private static final List<String> PROGRAMS =
      List.of(
          "sim.program=traffic vnsnap.udp=20 vnsnap.tcp=5000",
          "sim.program=bank vnsnap.udp=20",
          "sim.program=ring");

  private static final Duration AFTER = Duration.ofSeconds(3);

  @Property(tries = 12)
  void shouldRepeatARunFromItsSeed(
      @ForAll long seed,
      @ForAll @IntRange(max = 2) int program,
      @ForAll @IntRange(min = 2, max = 4) int guests) {
    List<String> frames;
    try (VirtualLab first = new VirtualLab(PROGRAMS.get(program), guests, seed)) {
      frames = first.boot().run(AFTER).frames;
      assertThat(frames).hasSizeGreaterThan(guests);
    }
    try (VirtualLab second = new VirtualLab(PROGRAMS.get(program), guests, seed)) {
      assertThat(second.boot().run(AFTER).frames).isEqualTo(frames);
    }
  }

  @Property(tries = 25)
  void shouldGoOnFromTheCutExactlyAsTheWorldThatWentOn(
      @ForAll long seed,
      @ForAll @IntRange(max = 2) int program,
      @ForAll @IntRange(min = 1, max = 4) int guests,
      @ForAll @IntRange(max = 4000) int cutAtMs) {
    try (VirtualLab lab = new VirtualLab(PROGRAMS.get(program), guests, seed)) {
      lab.boot().run(Duration.ofMillis(cutAtMs));
      lab.snapshot("s1");
      lab.consoles.values().forEach(List::clear);
      lab.run(AFTER);
      Map<String, String> wentOn = reports(lab);
      assertThat(wentOn.values()).allMatch(SimulatedSnapshotTest::isClean);
      try (VirtualLab other = new VirtualLab(PROGRAMS.get(program), guests, seed + 1)) {
        other.load(lab.store, "s1");
        other.machines.values().forEach(machine -> other.now(machine.resume()));
        other.run(AFTER);
        assertThat(reports(other)).isEqualTo(wentOn);
        assertThat(other.consoles).isEqualTo(lab.consoles);
      }
      assertThat(lab.store.open()).isZero();
    }
  }

  private static Map<String, String> reports(VirtualLab lab) {
    Map<String, String> reports = new LinkedHashMap<>();
    for (Map.Entry<String, Machine> vm : lab.machines.entrySet()) {
      reports.put(vm.getKey(), lab.now(((SimulatedMachine) vm.getValue()).report()));
    }
    return reports;
  }

  private static boolean isClean(String report) {
    return report.contains(" lost=0 duplicated=0 reordered=0 ")
        && report.contains(" corrupt=0 broken=0 memory=ok ");
  }
}
