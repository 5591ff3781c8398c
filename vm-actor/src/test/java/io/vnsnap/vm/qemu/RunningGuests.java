package io.vnsnap.vm.qemu;

import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A hypervisor for tests, with everything it started ended by it. */
final class RunningGuests {
  private final ExecutorService blocking = Executors.newCachedThreadPool();
  private final List<Machine> machines = new ArrayList<>();
  private final List<Path> folders = new ArrayList<>();
  private final QemuHypervisor hypervisor;

  RunningGuests() {
    this(GuestKit.settings());
  }

  RunningGuests(QemuSettings settings) {
    hypervisor = new QemuHypervisor(settings, blocking);
  }

  QemuHypervisor hypervisor() {
    return hypervisor;
  }

  ExecutorService blocking() {
    return blocking;
  }

  Path newFolder() throws IOException {
    Path folder = GuestKit.folder();
    folders.add(folder);
    return folder;
  }

  /** Waits for a machine, and sees to its end. */
  QemuMachine keep(CompletionStage<Machine> starting) throws Exception {
    QemuMachine machine = (QemuMachine) get(starting);
    machines.add(machine);
    return machine;
  }

  QemuMachine boot(MachineSpec spec) throws Exception {
    return keep(hypervisor.start(spec));
  }

  static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(60, TimeUnit.SECONDS);
  }

  void end() throws Exception {
    for (Machine machine : machines) {
      get(machine.kill());
    }
    hypervisor.close();
    blocking.shutdown();
    for (Path folder : folders) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
