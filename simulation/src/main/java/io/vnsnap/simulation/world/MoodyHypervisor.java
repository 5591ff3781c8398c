package io.vnsnap.simulation.world;

import io.vnsnap.store.ImageReader;
import io.vnsnap.vm.Hypervisor;
import io.vnsnap.vm.HypervisorDescription;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A hypervisor whose VMs are slow, and fail, as the world's mischief has it. */
final class MoodyHypervisor implements Hypervisor {
  private static final long START_NANOS = 2_000_000;

  private final Hypervisor sound;
  private final Mischief mischief;
  private final Map<String, MoodyMachine> machines = new LinkedHashMap<>();

  MoodyHypervisor(Hypervisor sound, Mischief mischief) {
    this.sound = sound;
    this.mischief = mischief;
  }

  /** VMs that were started and not ended, by name. */
  Map<String, MoodyMachine> machines() {
    return machines;
  }

  @Override
  public CompletionStage<HypervisorDescription> describe() {
    return sound.describe();
  }

  @Override
  public CompletionStage<Machine> start(MachineSpec spec) {
    return mischief.delayed(
        START_NANOS,
        () -> mischief.fails() ? noMachine() : sound.start(spec).thenApply(m -> made(spec, m)));
  }

  @Override
  public CompletionStage<Machine> load(MachineSpec spec, ImageReader image) {
    return mischief.delayed(
        START_NANOS,
        () -> {
          if (mischief.fails()) {
            close(image);
            return noMachine();
          }
          return sound.load(spec, image).thenApply(m -> made(spec, m));
        });
  }

  private static void close(ImageReader image) {
    try {
      image.close();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static CompletionStage<Machine> noMachine() {
    return CompletableFuture.failedStage(new HypervisorException("the hypervisor has a bad day"));
  }

  private Machine made(MachineSpec spec, Machine machine) {
    MoodyMachine moody = new MoodyMachine(machine, mischief);
    machines.put(spec.name(), moody);
    var unused = machine.exited().thenAccept(how -> machines.remove(spec.name(), moody));
    return moody;
  }
}
