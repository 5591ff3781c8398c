package io.vnsnap.host.fake;

import io.vnsnap.store.ImageWriter;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.CapturePlan;
import io.vnsnap.vm.FrozenDisks;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.VmNetwork;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A VM that only has sockets; its memory is its name. */
public final class FakeMachine implements Machine {
  private final MachineSpec spec;
  private final List<GuestSocket> network = new ArrayList<>();
  private final GuestSocket console;
  private final CompletableFuture<String> exited = new CompletableFuture<>();
  private volatile boolean running;
  private volatile boolean failsToPrepare;
  private volatile boolean failsToStore;
  private volatile boolean captureGivenUp;
  private volatile CompletableFuture<Void> mayPause = CompletableFuture.completedFuture(null);

  FakeMachine(MachineSpec spec) throws IOException {
    this.spec = spec;
    Files.createDirectories(spec.folder());
    for (int i = 0; i < spec.vnics().size(); i++) {
      network.add(new GuestSocket(spec.folder().resolve("net" + i), true));
    }
    this.console = new GuestSocket(spec.folder().resolve("console"), false);
  }

  /** Its first network card, seen from the guest. */
  public GuestSocket network() {
    return network.getFirst();
  }

  /** Its serial console, seen from the guest. */
  public GuestSocket console() {
    return console;
  }

  /** Whether it runs. */
  public boolean running() {
    return running;
  }

  /** Makes captures fail to be prepared. */
  public void failToPrepare() {
    failsToPrepare = true;
  }

  /** Makes captures fail after the cut. */
  public void failToStore() {
    failsToStore = true;
  }

  /** Whether a capture of it was cancelled. */
  public boolean captureGivenUp() {
    return captureGivenUp;
  }

  /** Makes the next pause wait for the result. */
  public CompletableFuture<Void> holdPause() {
    CompletableFuture<Void> held = new CompletableFuture<>();
    mayPause = held;
    return held;
  }

  /** Ends it as a crash would. */
  public void crash(String reason) {
    running = false;
    network.forEach(GuestSocket::close);
    console.close();
    try {
      for (int i = 0; i < network.size(); i++) {
        Files.deleteIfExists(spec.folder().resolve("net" + i));
      }
      Files.deleteIfExists(spec.folder());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    exited.complete(reason);
  }

  /** Whether anything of it is left. */
  public boolean gone() {
    return exited.isDone() && network.stream().noneMatch(GuestSocket::alive) && !console.alive();
  }

  @Override
  public String hypervisor() {
    return "fake";
  }

  @Override
  public String hypervisorVersion() {
    return "1";
  }

  @Override
  public long pid() {
    return 1;
  }

  @Override
  public Path networkSocket(String vnic) {
    return spec.folder().resolve("net" + spec.vnicNumber(vnic));
  }

  @Override
  public Path consoleSocket() {
    return spec.folder().resolve("console");
  }

  @Override
  public CompletionStage<String> exited() {
    return exited;
  }

  @Override
  public CompletionStage<Long> resume() {
    running = true;
    return CompletableFuture.completedStage(200L);
  }

  @Override
  public CompletionStage<Long> pause() {
    return mayPause.thenApply(now -> {
      running = false;
      return 100L;
    });
  }

  @Override
  public CompletionStage<Capture> prepareCapture(
      CapturePlan plan, ImageWriter writer, VmNetwork network) {
    if (failsToPrepare) {
      close(writer);
      return CompletableFuture.failedStage(new HypervisorException("no memory to capture with"));
    }
    return CompletableFuture.completedStage(new FakeCapture(writer));
  }

  @Override
  public CompletionStage<FrozenDisks> freezeDisks(String snapshotId) {
    return CompletableFuture.completedStage(FrozenDisks.NONE);
  }

  @Override
  public CompletionStage<Void> shutdown() {
    crash("it was ended");
    return CompletableFuture.completedStage(null);
  }

  @Override
  public CompletionStage<Void> kill() {
    return shutdown();
  }

  private static void close(ImageWriter writer) {
    try {
      writer.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private final class FakeCapture implements Capture {
    private final ImageWriter writer;
    private final CompletableFuture<ImageWriter.Committed> stored = new CompletableFuture<>();

    FakeCapture(ImageWriter writer) {
      this.writer = writer;
    }

    @Override
    public CompletionStage<Long> start() {
      running = true;
      Thread storing = new Thread(this::store, "fake-capture");
      storing.setDaemon(true);
      storing.start();
      return CompletableFuture.completedStage(200L);
    }

    private void store() {
      try (writer) {
        if (failsToStore) {
          throw new IOException("disk full");
        }
        writer.write(
            ByteBuffer.wrap(spec.name().getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        stored.complete(writer.commit());
      } catch (IOException e) {
        stored.completeExceptionally(e);
      }
    }

    @Override
    public CompletionStage<ImageWriter.Committed> stored() {
      return stored;
    }

    @Override
    public long bytes() {
      return writer.bytes();
    }

    @Override
    public CompletionStage<Void> cancel() {
      running = true;
      captureGivenUp = true;
      if (stored.completeExceptionally(new CancellationException("cancelled"))) {
        close(writer);
      }
      return CompletableFuture.completedStage(null);
    }
  }
}
