package io.vnsnap.host.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.proto.VmExited;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExitsTest {
  private final List<String> reports = new ArrayList<>();
  private final Exits exits =
      new Exits(exit -> reports.add(exit.getVm() + ": " + exit.getReason()));

  private static VmExited exit(String vm, String reason) {
    return VmExited.newBuilder().setVm(vm).setReason(reason).build();
  }

  @Test
  void shouldReportAtOnceAndWhenAsked() {
    exits.add(exit("a", "killed"));
    exits.report();

    assertThat(reports).containsExactly("a: killed", "a: killed");
    assertThat(exits.vms()).containsExactly("a");
    assertThat(exits.firstReason()).contains("killed");
  }

  @Test
  void shouldRepeatItsReportsForAWhileAfterTheLastExit() {
    exits.add(exit("a", "killed"));
    assertThat(exits.repeat()).isTrue();
    exits.add(exit("b", "panic"));
    reports.clear();
    int rounds = 1;
    while (exits.repeat()) {
      rounds++;
    }

    assertThat(rounds).isEqualTo(Exits.MAX_REPETITIONS);
    assertThat(reports).hasSize(2 * Exits.MAX_REPETITIONS).contains("a: killed", "b: panic");
  }
}
