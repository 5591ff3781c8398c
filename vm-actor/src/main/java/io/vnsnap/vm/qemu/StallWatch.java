package io.vnsnap.vm.qemu;

import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Notices that nothing has come of a capture for the stall timeout. On the event loop. */
final class StallWatch {
  private final QemuMachine machine;
  private final CaptureStream stream;
  private final BooleanSupplier expecting;
  private final Consumer<TimeoutException> stalled;
  private @Nullable Future<?> timer;

  /**
   * @param expecting whether something ought to come now
   * @param stalled told once, then the watch is over
   */
  StallWatch(
      QemuMachine machine,
      CaptureStream stream,
      BooleanSupplier expecting,
      Consumer<TimeoutException> stalled) {
    this.machine = machine;
    this.stream = stream;
    this.expecting = expecting;
    this.stalled = stalled;
  }

  void begin() {
    watch(-1);
  }

  /** The timer would keep all of the capture in memory until it is due. May be called again. */
  void end() {
    if (timer != null) {
      timer.cancel(false);
    }
  }

  private void watch(long bytesBefore) {
    timer =
        machine
            .loop()
            .schedule(
                () -> look(bytesBefore),
                machine.settings().stallTimeout().toMillis(),
                TimeUnit.MILLISECONDS);
  }

  private void look(long bytesBefore) {
    long bytes = stream.counts().bytes();
    if (!expecting.getAsBoolean()) {
      watch(-1);
    } else if (bytes == bytesBefore) {
      stalled.accept(
          new TimeoutException(
              "the capture stalled for "
                  + machine.settings().stallTimeout()
                  + " after "
                  + bytes
                  + " bytes"));
    } else {
      watch(bytes);
    }
  }
}
