package io.vnsnap.bench.pause;

import com.fasterxml.jackson.databind.JsonNode;
import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.qemu.QemuGuest;
import io.vnsnap.bench.qemu.QmpEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The state is written to a file while the guest stands still; at full speed, not synced. */
final class StopAndCopy implements Way {
  private final QemuGuest guest;
  private final Path file;

  StopAndCopy(QemuGuest guest, Path folder) {
    this.guest = guest;
    this.file = folder.resolve("stop-and-copy");
  }

  @Override
  public String name() {
    return "stop-and-copy";
  }

  @Override
  public String description() {
    return "stop; migrate \"exec:cat > file\"; cont";
  }

  @Override
  public Pause measure(int round) throws BenchmarkException, IOException, InterruptedException {
    JsonNode unused = guest.call("migrate-set-parameters", "{\"max-bandwidth\": 1099511627776}");
    guest.forgetEvents();
    long begun = System.nanoTime();
    unused = guest.call("stop", "{}");
    QmpEvent stop = guest.await("STOP");
    unused = guest.call("migrate", Migration.toFile(file));
    guest.awaitMigrated();
    double whole = (System.nanoTime() - begun) / 1e6;
    guest.resumeAfterMigration();
    QmpEvent resume = guest.await("RESUME");
    long bytes = Files.size(file);
    Files.delete(file);
    return new Pause(stop.micros(), resume.micros(), bytes, whole);
  }
}
