package io.vnsnap.shell.demo;

import io.vnsnap.proto.Topology;
import io.vnsnap.proto.topology.TopologyRules;
import io.vnsnap.proto.topology.Violation;
import io.vnsnap.shell.node.NodeLauncher;
import io.vnsnap.shell.render.JsonView;
import io.vnsnap.shell.render.Screen;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One run of the demo from nothing to nothing: looks whether it can run here, runs it, writes the
 * result, and cleans up, however it ends.
 */
public final class DemoRun {
  private static final String QEMU = "qemu-system-x86_64";
  private static final List<String> GUEST_FILES = List.of("vmlinuz", "initramfs.gz");

  private final Options options;
  private final Map<String, String> environment;
  private final Supplier<NodeLauncher> launcher;
  private final DemoScreen screen;

  /**
   * What may be asked for.
   *
   * @param json file to write the result to; null: none
   * @param keep keep the demo's folder
   */
  public record Options(@Nullable Path json, boolean keep) {}

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
      Topology topology = topology();
      DemoFolder folder = DemoFolder.create(Path.of(System.getProperty("java.io.tmpdir", "/tmp")));
      if (!options.keep()) {
        cleanup.add("remove " + folder.path(), folder::delete);
      }
      screen.heading("VNsnap demo; its files are in " + folder.path());
      DemoNodes nodes = new LocalNodes(launcher.get(), folder, cleanup);
      new Demo(DemoPlan.standard(), nodes, screen, result).run(topology);
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

  private Topology topology() throws DemoFailure {
    if (!onPath(QEMU)) {
      throw new DemoFailure(
          "%s is not on the PATH; install it (apt-get install qemu-system-x86). Simulated VMs, to run without it, are not there yet"
              .formatted(QEMU));
    }
    String kit = environment.getOrDefault("VNSNAP_GUEST", "");
    if (kit.isEmpty()) {
      throw new DemoFailure(
          "VNSNAP_GUEST does not name the folder of the guest kit; start the demo by ./vnsnap demo, which prepares it");
    }
    Path folder = Path.of(kit).toAbsolutePath().normalize();
    for (String file : GUEST_FILES) {
      if (!Files.isReadable(folder.resolve(file))) {
        throw new DemoFailure(
            "the guest kit lacks %s; build it with guest/build".formatted(folder.resolve(file)));
      }
    }
    Topology topology = DemoTopology.of(DemoPlan.standard(), folder);
    List<Violation> violations = TopologyRules.check(topology);
    if (!violations.isEmpty()) {
      throw new DemoFailure(violations.get(0).text());
    }
    return topology;
  }

  private boolean onPath(String program) {
    return Arrays.stream(environment.getOrDefault("PATH", "").split(File.pathSeparator))
        .filter(folder -> !folder.isEmpty())
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }
}
