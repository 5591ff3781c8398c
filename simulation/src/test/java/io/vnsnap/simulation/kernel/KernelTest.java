package io.vnsnap.simulation.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class KernelTest {
  private final Kernel kernel = Kernel.ofThread();
  private final List<String> happened = new ArrayList<>();

  @BeforeEach
  void begin() {
    kernel.begin(1, null);
  }

  @Test
  void shouldLetThingsHappenWhenTheyAreDue() {
    SimulatedProcess process = kernel.newProcess("p");
    kernel.after(300, process, () -> happened.add("third at " + kernel.nanos()));
    kernel.after(100, process, () -> happened.add("first at " + kernel.nanos()));
    kernel.after(100, process, () -> happened.add("second at " + kernel.nanos()));
    kernel.pass(1000);
    assertThat(happened).containsExactly("first at 100", "second at 100", "third at 300");
    assertThat(kernel.nanos()).isEqualTo(1000);
  }

  @Test
  void shouldForgetWhatADeadProcessHadToDo() {
    SimulatedProcess process = kernel.newProcess("p");
    SimulatedProcess part = kernel.newPart("part", process);
    kernel.after(100, process, () -> happened.add("whole"));
    kernel.after(100, part, () -> happened.add("part"));
    process.kill();
    kernel.pass(1000);
    assertThat(happened).isEmpty();
    assertThat(part.isAlive()).isFalse();
  }

  @Test
  void shouldPutOffWhatAFrozenProcessHasToDo() {
    SimulatedProcess process = kernel.newProcess("p");
    kernel.after(100, process, () -> happened.add("at " + kernel.nanos()));
    process.freezeUntil(500);
    kernel.pass(1000);
    assertThat(happened).containsExactly("at 500");
  }

  @Test
  void shouldNotLetCancelledThingsHappen() {
    Event event = kernel.after(100, kernel.outside(), () -> happened.add("it"));
    assertThat(event.cancel()).isTrue();
    assertThat(event.cancel()).isFalse();
    kernel.pass(1000);
    assertThat(happened).isEmpty();
  }

  @Test
  void shouldDecideByTheSeedWhoIsFirst() {
    List<String> orders = new ArrayList<>();
    for (long seed = 1; seed <= 20; seed++) {
      kernel.begin(seed, null);
      happened.clear();
      kernel.soon(kernel.outside(), () -> happened.add("a"));
      kernel.soon(kernel.outside(), () -> happened.add("b"));
      kernel.pass(1_000_000_000);
      orders.add(String.join("", happened));
    }
    assertThat(orders).contains("ab", "ba");
  }

  @Test
  void shouldRunALoopInItsTurnsOnly() {
    VirtualLoop loop = new VirtualLoop(kernel, kernel.newProcess("p"));
    loop.execute(() -> happened.add("in loop: " + loop.inEventLoop()));
    var unused =
        loop.schedule(
            () -> happened.add("later: " + (kernel.nanos() >= 5_000_000)),
            5,
            TimeUnit.MILLISECONDS);
    assertThat(loop.inEventLoop()).isFalse();
    kernel.pass(100_000_000);
    assertThat(happened).containsExactly("in loop: true", "later: true");
  }
}
