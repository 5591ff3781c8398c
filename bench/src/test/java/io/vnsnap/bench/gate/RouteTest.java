package io.vnsnap.bench.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.bench.Cleanup;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each route carries every frame. */
@Timeout(120)
class RouteTest {
  private static final int FRAMES = 3000;

  private final Cleanup cleanup = new Cleanup();
  private Path folder = Path.of("/");

  @BeforeEach
  void makeFolder() throws Exception {
    folder = cleanup.temporaryFolder("vnb");
  }

  @AfterEach
  void cleanUp() {
    cleanup.close();
  }

  private static void shouldCarryEveryFrame(Route route) throws Exception {
    LoopUse before = route.use();
    for (int length : new int[] {64, 1514}) {
      assertThat(route.traffic().burst(FRAMES, length)).isPositive();
    }
    assertThat(route.traffic().pings(20, 64, 1000)).hasSize(20).isSorted();
    route.record();
    assertThat(route.traffic().burst(FRAMES, 64)).isPositive();
    route.forget();
    assertThat(route.lost()).isZero();
    LoopUse used = route.use().since(before);
    assertThat(used.cpuNanos()).isPositive();
  }

  @Test
  void shouldCarryEveryFrameThroughAPlainRelay() throws Exception {
    shouldCarryEveryFrame(Route.relay(folder, cleanup));
  }

  @Test
  void shouldCarryEveryFrameThroughGates() throws Exception {
    shouldCarryEveryFrame(Route.gates(folder, cleanup));
  }

  @Test
  void shouldCarryEveryFrameThroughRelaysInTwoJvms() throws Exception {
    shouldCarryEveryFrame(Route.relayTrunk(folder, cleanup));
  }

  @Test
  void shouldCarryEveryFrameOverTheTrunkToAnotherJvm() throws Exception {
    shouldCarryEveryFrame(Route.gatesTrunk(folder, cleanup));
  }
}
