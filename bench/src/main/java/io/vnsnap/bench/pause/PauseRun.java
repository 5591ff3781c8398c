package io.vnsnap.bench.pause;

import com.fasterxml.jackson.databind.JsonNode;
import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.Cleanup;
import io.vnsnap.bench.HeapPeak;
import io.vnsnap.bench.qemu.Console;
import io.vnsnap.bench.qemu.QemuGuest;
import io.vnsnap.proto.CaptureMode;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.pages.PageStore;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.VmActor;
import io.vnsnap.vm.VmEvent;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The measurements with one guest after the other. VNsnap's VM is measured first; then a second
 * QEMU, started by the same command line, is measured in the other ways. Only one runs at a time.
 */
final class PauseRun {
  private static final long DISK_TOOL_SECONDS = 30;

  private final int rounds;
  private final boolean besideOthers;
  private final Path folder;
  private final Cleanup cleanup;
  private final PrintWriter progress;
  private final HeapPeak heap = new HeapPeak();
  private double heapPeakMib;
  private String qemuVersion = "";

  /**
   * @param besideOthers whether QEMU's own ways are measured too
   */
  PauseRun(int rounds, boolean besideOthers, Path folder, Cleanup cleanup, PrintWriter progress) {
    this.rounds = rounds;
    this.besideOthers = besideOthers;
    this.folder = folder;
    this.cleanup = cleanup;
    this.progress = progress;
  }

  PauseReport measure(List<GuestLoad> loads)
      throws BenchmarkException, IOException, InterruptedException {
    List<GuestResult> results = new ArrayList<>();
    for (GuestLoad load : loads) {
      results.add(measure(load));
    }
    return new PauseReport(qemuVersion, rounds, heapPeakMib, results);
  }

  private GuestResult measure(GuestLoad load)
      throws BenchmarkException, IOException, InterruptedException {
    Path machineFolder = folder.resolve("ours" + load.memoryMib());
    SnapshotStore store = PageStore.inDirectory(folder.resolve("store"), "bench");
    List<String> commandLine;
    WayResult ours;
    WayResult inRounds;
    heap.begin();
    try (OurVm vm = OurVm.start(specification(load, machineFolder), store, cleanup);
        Console console = Console.connect(machineFolder.resolve("console"))) {
      commandLine = vm.commandLine();
      qemuVersion = vm.version();
      vm.tell(new VmActor.Go());
      VmEvent.Running unused = vm.await(VmEvent.Running.class);
      load.awaitLoaded(console);
      ours = measure(new OurCapture(vm, store, CaptureMode.INSTANT), load, console);
      inRounds = measure(new OurCapture(vm, store, CaptureMode.ROUNDS), load, console);
      vm.tell(new VmActor.Stop());
      VmEvent.Stopped unusedToo = vm.await(VmEvent.Stopped.class);
    }
    heapPeakMib = Math.max(heapPeakMib, heap.mib());
    List<WayResult> others = new ArrayList<>();
    others.add(inRounds);
    if (besideOthers) {
      others.addAll(measureOthers(load, commandLine, machineFolder));
    }
    return new GuestResult(load, ours, others);
  }

  private MachineSpec specification(GuestLoad load, Path machineFolder) {
    return new MachineSpec(
        OurVm.NAME,
        machineFolder,
        folder.resolve("disks"),
        load.memoryMib(),
        1,
        new MachineSpec.Boot(load.kernel(), load.initramfs(), load.kernelCommandLine()),
        List.of(),
        List.of());
  }

  private List<WayResult> measureOthers(
      GuestLoad load, List<String> commandLine, Path machineFolder)
      throws BenchmarkException, IOException, InterruptedException {
    Path own = Files.createDirectory(folder.resolve("plain" + load.memoryMib()));
    Path disk = own.resolve("vmstate.qcow2");
    createDisk(disk, load.memoryMib());
    List<String> line = new ArrayList<>();
    for (String word : commandLine) {
      line.add(word.replace(machineFolder.toString(), own.toString()));
    }
    line.add("-blockdev");
    line.add(
        "driver=qcow2,node-name=%s,file.driver=file,file.filename=%s"
            .formatted(SnapshotSave.NODE, disk));
    List<WayResult> results = new ArrayList<>();
    try (QemuGuest guest = QemuGuest.start(line, own.resolve("qmp"), cleanup);
        Console console = Console.connect(own.resolve("console"))) {
      JsonNode unused =
          guest.call(
              "migrate-set-capabilities",
              "{\"capabilities\": [{\"capability\": \"events\", \"state\": true}]}");
      guest.resume();
      load.awaitLoaded(console);
      for (Way way :
          List.of(
              new StopAndCopy(guest, own),
              new LiveMigration(guest, own),
              new SnapshotSave(guest))) {
        results.add(measure(way, load, console));
      }
    }
    return results;
  }

  private WayResult measure(Way way, GuestLoad load, Console console)
      throws IOException, InterruptedException {
    List<Pause> pauses = new ArrayList<>();
    String failure = "";
    try {
      for (int round = 1; round <= rounds; round++) {
        Pause pause = way.measure(round);
        pauses.add(pause);
        progress.printf(
            "%d MiB  %-16s round %d of %d: %.1f ms%n",
            load.memoryMib(), way.name(), round, rounds, pause.millis());
        progress.flush();
        load.awaitRested(console);
      }
    } catch (BenchmarkException e) {
      failure = String.valueOf(e.getMessage());
    }
    return new WayResult(way.name(), way.description(), pauses, failure);
  }

  /** A disk that takes one state at a time, with room for what surrounds it. */
  private static void createDisk(Path disk, int memoryMib)
      throws BenchmarkException, IOException, InterruptedException {
    Process tool =
        new ProcessBuilder(
                "qemu-img", "create", "-q", "-f", "qcow2", disk.toString(), memoryMib * 2 + "M")
            .inheritIO()
            .start();
    if (!tool.waitFor(DISK_TOOL_SECONDS, TimeUnit.SECONDS) || tool.exitValue() != 0) {
      tool.destroyForcibly();
      throw new BenchmarkException("qemu-img could not create " + disk);
    }
  }
}
