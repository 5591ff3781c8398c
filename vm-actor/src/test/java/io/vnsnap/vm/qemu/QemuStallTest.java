package io.vnsnap.vm.qemu;

import static io.vnsnap.vm.qemu.RunningGuests.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import io.vnsnap.store.ImageTarget;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MemoryStore;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A store that hangs must not take a real guest with it. */
@Timeout(120)
class QemuStallTest {
  private final RunningGuests guests =
      new RunningGuests(
          QemuSettings.from(
              ConfigFactory.parseString("vnsnap.vm.qemu.stall-timeout = 1s")
                  .withFallback(ConfigFactory.load())));
  private final MemoryStore store = new MemoryStore();
  private final CountDownLatch storeWorks = new CountDownLatch(1);

  @AfterEach
  void end() throws Exception {
    storeWorks.countDown();
    guests.end();
  }

  @Test
  void shouldFreeTheGuestFromAStoreThatHangsAndCaptureAgainWhenItWorks() throws Exception {
    Machine machine = guests.boot(GuestKit.writing(guests.newFolder(), 128, 48, 20));
    try (Console console = new Console(machine.consoleSocket())) {
      get(machine.resume());
      console.awaitTickBeyond(0);
      store.hangUntil(storeWorks);
      Capture capture =
          get(
              machine.prepareCapture(
                  store.writeImage(ImageTarget.of("s1", "vne", "vm")), GuestKit.QUIET));
      get(machine.pause());
      get(capture.start());
      assertThatThrownBy(() -> get(capture.stored())).hasMessageContaining("stalled for PT1S");
      console.awaitTickBeyond(console.lastTick() + 1);

      assertThatThrownBy(() ->
              get(
                  machine.prepareCapture(
                      store.writeImage(ImageTarget.of("s2", "vne", "vm")), GuestKit.QUIET)))
          .hasMessageContaining("putting the last capture away");
      storeWorks.countDown();
      await().until(() -> store.open() == 0);
      Capture again =
          get(
              machine.prepareCapture(
                  store.writeImage(ImageTarget.of("s3", "vne", "vm")), GuestKit.QUIET));
      get(machine.pause());
      get(again.start());
      assertThat(get(again.stored()).bytes()).isGreaterThan(48L << 20);
      console.awaitTickBeyond(console.lastTick() + 1);
      assertThat(console.memoryIntact()).isTrue();
    }
  }
}
