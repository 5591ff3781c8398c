package io.vnsnap.shell.demo;

import io.vnsnap.shell.Main;
import io.vnsnap.shell.node.NodeOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A node in a JVM of its own, a child of this one. It ends when this one does, however that is. */
final class HostProcess {
  private static final int FIRST_JAVA_WITH_UNSAFE_FLAG = 23;
  private static final long END_DEADLINE_S = 10;
  private static final int LOG_LINES = 3;

  private final String name;
  private final Process process;
  private final Path log;

  private HostProcess(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
  }

  /** Starts the {@code host} command with this JVM's java and class path. */
  static HostProcess start(NodeOptions options, Path log) throws IOException {
    Process process =
        new ProcessBuilder(command(options))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    return new HostProcess(options.name(), process, log);
  }

  /** What starts it; standard input must stay open for as long as it is to run. */
  static List<String> command(NodeOptions options) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx256m");
    // Of which the store takes a quarter for its stage: as much as it does on a large host.
    command.add("-XX:MaxDirectMemorySize=768m");
    command.add("--enable-native-access=ALL-UNNAMED");
    if (Runtime.version().feature() >= FIRST_JAVA_WITH_UNSAFE_FLAG) {
      command.add("--sun-misc-unsafe-memory-access=allow");
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Main.class.getName());
    command.add("host");
    command.add("--stop-on-eof");
    NodeOptions.Network network = options.network();
    addOption(command, "--name", options.name());
    addOption(command, "--address", network.address());
    addOption(command, "--port", Integer.toString(network.port()));
    addOption(command, "--trunk-port", Integer.toString(network.trunkPort()));
    addOption(command, "--memory", Long.toString(options.memoryMib()));
    if (!options.hypervisor().isEmpty()) {
      addOption(command, "--hypervisor", options.hypervisor());
    }
    addOption(command, "--socket", options.places().socket().toString());
    addOption(command, "--state", options.places().state().toString());
    addOption(command, "--store", options.places().store());
    options.roles().forEach(role -> addOption(command, "--role", role));
    network.seeds().forEach(s -> addOption(command, "--seed", s.address() + ":" + s.port()));
    return command;
  }

  private static void addOption(List<String> command, String option, String value) {
    command.add(option);
    command.add(value);
  }

  long pid() {
    return process.pid();
  }

  /** Why it has ended, by the last lines of its log; empty while it runs. */
  String ended() {
    return process.isAlive()
        ? ""
        : "host %s ended with status %d: %s".formatted(name, process.exitValue(), lastLines());
  }

  private String lastLines() {
    try {
      List<String> lines = Files.readAllLines(log);
      return String.join(" / ", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
    } catch (IOException e) {
      return "its log cannot be read: " + e.getMessage();
    }
  }

  /** Ends it outright, as a loss of power would. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    if (!process.waitFor(END_DEADLINE_S, TimeUnit.SECONDS)) {
      throw new IllegalStateException("process %d does not end".formatted(process.pid()));
    }
  }
}
