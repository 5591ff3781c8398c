package io.vnsnap.bench.pause;

import com.fasterxml.jackson.databind.JsonNode;
import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.qemu.QemuGuest;
import io.vnsnap.bench.qemu.QmpEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Pages are written while the guest runs, round after round; the rest while it stands still. */
final class LiveMigration implements Way {
  private final QemuGuest guest;
  private final Path file;

  LiveMigration(QemuGuest guest, Path folder) {
    this.guest = guest;
    this.file = folder.resolve("live-migration");
  }

  @Override
  public String name() {
    return "live-migration";
  }

  @Override
  public String description() {
    return "migrate \"exec:cat > file\" with default settings; cont";
  }

  @Override
  public Pause measure(int round) throws BenchmarkException, IOException, InterruptedException {
    JsonNode unused =
        guest.call(
            "migrate-set-parameters", "{\"max-bandwidth\": " + Migration.DEFAULT_BANDWIDTH + "}");
    guest.forgetEvents();
    long begun = System.nanoTime();
    unused = guest.call("migrate", Migration.toFile(file));
    QmpEvent stop = guest.await("STOP");
    guest.awaitMigrated();
    double whole = (System.nanoTime() - begun) / 1e6;
    guest.resumeAfterMigration();
    QmpEvent resume = guest.await("RESUME");
    long bytes = Files.size(file);
    Files.delete(file);
    return new Pause(stop.micros(), resume.micros(), bytes, whole);
  }
}
