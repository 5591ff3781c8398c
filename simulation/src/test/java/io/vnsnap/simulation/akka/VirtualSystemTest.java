package io.vnsnap.simulation.akka;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class VirtualSystemTest {

  @Test
  void shouldLeaveNoNumbersInActorPaths() {
    assertThat(
            VirtualSystem.withoutNumbers(
                "Actor[akka://vnsnap/user/coordinator~67/entity/vne#-362424856] has failed"))
        .isEqualTo("Actor[akka://vnsnap/user/coordinator/entity/vne] has failed");
    assertThat(VirtualSystem.withoutNumbers("akka://vnsnap/user/host~3#17, akka://vnsnap/user/b"))
        .isEqualTo("akka://vnsnap/user/host, akka://vnsnap/user/b");
  }

  @Test
  void shouldLeaveOtherNumbersAlone() {
    String line = "VM vm-1 was cut for vne-20270115-080000-410ca4b9: pausing ~3 ms, step #4";
    assertThat(VirtualSystem.withoutNumbers(line)).isEqualTo(line);
  }
}
