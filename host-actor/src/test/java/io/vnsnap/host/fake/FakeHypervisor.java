package io.vnsnap.host.fake;

import io.vnsnap.proto.Loading;
import io.vnsnap.store.ImageReader;
import io.vnsnap.vm.Hypervisor;
import io.vnsnap.vm.HypervisorDescription;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.StartHints;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Starts {@link FakeMachine}s. */
public final class FakeHypervisor implements Hypervisor {
  private final Map<String, FakeMachine> machines = new ConcurrentHashMap<>();
  private final List<String> loaded = new CopyOnWriteArrayList<>();
  private final Set<Loading> ways = ConcurrentHashMap.newKeySet();
  private volatile String failure = "";

  /** The VM of this name that was started last. */
  public FakeMachine machine(String vm) {
    FakeMachine machine = machines.get(vm);
    if (machine == null) {
      throw new IllegalArgumentException("not started: " + vm);
    }
    return machine;
  }

  /** All VMs. */
  public List<FakeMachine> all() {
    return List.copyOf(machines.values());
  }

  /** VMs that were loaded from an image. */
  public List<String> loaded() {
    return List.copyOf(loaded);
  }

  /** In which ways they were to be loaded. */
  public Set<Loading> ways() {
    return Set.copyOf(ways);
  }

  /** No VM starts from now on. */
  public void failWith(String reason) {
    failure = reason;
  }

  @Override
  public CompletionStage<HypervisorDescription> describe() {
    return CompletableFuture.completedStage(new HypervisorDescription("fake", "1", failure));
  }

  @Override
  public CompletionStage<Machine> start(MachineSpec spec) {
    if (!failure.isEmpty()) {
      return CompletableFuture.failedStage(new HypervisorException(failure));
    }
    try {
      FakeMachine machine = new FakeMachine(spec);
      machines.put(spec.name(), machine);
      return CompletableFuture.completedStage(machine);
    } catch (IOException e) {
      return CompletableFuture.failedStage(new HypervisorException("no sockets", e));
    }
  }

  @Override
  public CompletionStage<Machine> load(
      MachineSpec spec,
      CompletionStage<? extends ImageReader> opening,
      Loading loading,
      StartHints hints) {
    ways.add(loading);
    return opening.thenCompose(image -> load(spec, image));
  }

  @Override
  public CompletionStage<Machine> load(MachineSpec spec, ImageReader image) {
    try (image) {
      loaded.add(spec.name());
      return start(spec);
    } catch (IOException e) {
      return CompletableFuture.failedStage(new HypervisorException("no image", e));
    }
  }
}
