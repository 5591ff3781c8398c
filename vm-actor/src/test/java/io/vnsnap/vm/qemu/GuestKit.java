package io.vnsnap.vm.qemu;

import com.typesafe.config.ConfigFactory;
import io.vnsnap.vm.MachineSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * The test guest that {@code guest/build} makes, and folders to run it in. Where it is, is said by
 * the system property or environment variable VNSNAP_GUEST; without it these tests fail.
 */
final class GuestKit {
  /** A network that is quiet already. */
  static final Supplier<CompletionStage<?>> QUIET = () -> CompletableFuture.completedStage(null);

  private static final String VARIABLE = "VNSNAP_GUEST";

  private GuestKit() {}

  /** Settings as users have them. */
  static QemuSettings settings() {
    return QemuSettings.from(ConfigFactory.load());
  }

  /** A short path: the sockets in it must be short. */
  static Path folder() throws IOException {
    return Files.createTempDirectory(Path.of("/tmp"), "vn");
  }

  /** A guest that fills memory and rewrites it, and says so on the console every second. */
  static MachineSpec writing(Path folder, int memoryMib, int fillMib, int rateMib) {
    return spec(
        folder,
        memoryMib,
        "vnsnap.name=vm vnsnap.fill=" + fillMib + " vnsnap.dirty=" + rateMib,
        List.of());
  }

  static MachineSpec spec(
      Path folder, int memoryMib, String arguments, List<MachineSpec.Disk> disks) {
    return new MachineSpec(
        "vm",
        folder.resolve("vm"),
        folder.resolve("disks"),
        memoryMib,
        1,
        new MachineSpec.Boot(
            kit().resolve("vmlinuz"),
            kit().resolve("initramfs.gz"),
            "console=ttyS0 quiet panic=-1 " + arguments),
        disks,
        List.of(new MachineSpec.Vnic("eth0", "52:54:00:00:00:01")));
  }

  private static Path kit() {
    String place = System.getProperty(VARIABLE, System.getenv(VARIABLE));
    if (place == null || !Files.exists(Path.of(place, "vmlinuz"))) {
      throw new AssertionError(
          "these tests need the test guest: run guest/build and set "
              + VARIABLE
              + " to the folder that it prints (now: "
              + place
              + ")");
    }
    return Path.of(place);
  }
}
