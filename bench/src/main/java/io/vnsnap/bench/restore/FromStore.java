package io.vnsnap.bench.restore;

import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.pause.GuestLoad;
import io.vnsnap.bench.qemu.Console;
import io.vnsnap.bench.vm.BenchHost;
import io.vnsnap.vm.Machine;
import java.io.IOException;

/** What a host does with a VM of a snapshot that is restored whole. */
final class FromStore implements Way {
  private final BenchHost host;
  private final GuestLoad load;
  private final BenchHost.Taken taken;

  FromStore(BenchHost host, GuestLoad load, BenchHost.Taken taken) {
    this.host = host;
    this.load = load;
    this.taken = taken;
  }

  @Override
  public String name() {
    return "store";
  }

  @Override
  public String description() {
    return "VNsnap, from its store, every byte checked";
  }

  @Override
  public Restored measure() throws BenchmarkException, IOException, InterruptedException {
    long begun = System.nanoTime();
    Machine machine = host.restore(load, taken);
    double running = (System.nanoTime() - begun) / 1e6;
    try (Console console = Console.connect(machine.consoleSocket())) {
      Restored restored = new Restored(running, Answer.millisSince(begun, console));
      load.awaitWorking(console);
      return restored;
    } finally {
      Void unused = BenchHost.await(machine.kill());
    }
  }
}
