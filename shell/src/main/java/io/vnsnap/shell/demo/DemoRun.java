package io.vnsnap.shell.demo;

import io.vnsnap.shell.node.NodeLauncher;
import io.vnsnap.shell.node.QemuOnThisMachine;
import io.vnsnap.shell.render.JsonView;
import io.vnsnap.shell.render.Screen;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One run of the demo from nothing to nothing: looks whether it can run here, runs it, writes the
 * result, and cleans up, however it ends.
 */
public final class DemoRun {
  private final Options options;
  private final Map<String, String> environment;
  private final Supplier<NodeLauncher> launcher;
  private final DemoScreen screen;

  /**
   * What may be asked for.
   *
   * @param json file to write the result to; null: none
   * @param keep keep the demo's folder
   * @param simulated run on simulated VMs even if QEMU could be had
   */
  public record Options(@Nullable Path json, boolean keep, boolean simulated) {}

  /** With everything from outside. */
  public DemoRun(
      Options options,
      Map<String, String> environment,
      Supplier<NodeLauncher> launcher,
      Screen screen) {
    this.options = options;
    this.environment = environment;
    this.launcher = launcher;
    this.screen = new DemoScreen(screen);
  }

  /** Runs it; returns whether it passed. Says so itself. */
  public boolean run() {
    DemoResult result = new DemoResult();
    String failure = "";
    Cleanup cleanup = new Cleanup();
    AtomicBoolean interrupted = new AtomicBoolean();
    Thread hook =
        new Thread(
            () -> {
              interrupted.set(true);
              cleanup.close();
            },
            "vnsnap-demo-cleanup");
    Runtime.getRuntime().addShutdownHook(hook);
    try (cleanup) {
      DemoFolder folder = DemoFolder.create(Path.of(System.getProperty("java.io.tmpdir", "/tmp")));
      if (!options.keep()) {
        cleanup.add("remove " + folder.path(), folder::delete);
      }
      folder.takeLogOf(LocalNodes.COORDINATOR);
      DemoGuests guests =
          DemoGuests.choose(
              DemoPlan.standard(),
              options.simulated(),
              environment,
              QemuOnThisMachine::whyUnusable);
      screen.heading("VNsnap demo; its files are in " + folder.path());
      if (!guests.whySimulated().isEmpty()) {
        screen.note("It runs on simulated VMs, not on QEMU: " + guests.whySimulated());
      }
      DemoNodes nodes = new LocalNodes(launcher.get(), guests.hypervisor(), folder, cleanup);
      new Demo(DemoPlan.standard(), nodes, screen, result).run(guests.topology());
    } catch (DemoFailure e) {
      failure = String.valueOf(e.getMessage());
    } catch (IOException e) {
      failure = "the demo's folder cannot be made: " + e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failure = "interrupted";
    }
    return conclude(result, interrupted.get() ? "interrupted" : failure, cleanup);
  }

  private boolean conclude(DemoResult result, String failure, Cleanup cleanup) {
    String problem = failure.isEmpty() ? String.join("; ", cleanup.failures()) : failure;
    if (options.json() != null) {
      try {
        Files.writeString(options.json(), JsonView.text(result.json()) + "\n");
      } catch (IOException e) {
        problem += (problem.isEmpty() ? "" : "; ") + "cannot write the result: " + e;
      }
    }
    if (problem.isEmpty()) {
      screen.pass(
          "the VNE survived the loss of a host; by the guests' own count no frame was lost, doubled or reordered");
      return true;
    }
    screen.fail(problem);
    return false;
  }
}
