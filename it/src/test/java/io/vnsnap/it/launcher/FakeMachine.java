package io.vnsnap.it.launcher;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A machine as the launcher sees it: the real tools of a shell, but a JDK, Maven, apt-get and sudo
 * that only write down how they were called. No package is installed, and its user is root unless
 * said otherwise.
 */
final class FakeMachine {
  private static final Path REPOSITORY =
      Path.of(System.getProperty("vnsnap.repository", "..")).toAbsolutePath().normalize();
  private static final Set<String> FAKED =
      Set.of("mvn", "id", "sudo", "apt-get", "dpkg-query", "java", "javac", "gcc");
  private static final long PATIENCE_S = 30;

  private final Path folder;
  private final Path home;
  private final Path tools;
  private final Path jdk;
  private final Path calls;
  private String typed = "";

  /** What came of a call. */
  record Run(int status, String output) {}

  FakeMachine(Path folder) throws IOException {
    this.folder = folder;
    home = Files.createDirectories(folder.resolve("vnsnap"));
    tools = Files.createDirectories(folder.resolve("bin"));
    jdk = Files.createDirectories(folder.resolve("jdk"));
    calls = Files.createFile(folder.resolve("calls"));
    for (String script : List.of("vnsnap", "mvnw")) {
      Files.copy(REPOSITORY.resolve(script), home.resolve(script));
      executable(home.resolve(script));
    }
    Files.copy(REPOSITORY.resolve("pom.xml"), home.resolve("pom.xml"));
    Files.createDirectories(home.resolve("guest"));
    Files.createDirectories(home.resolve("shell/target"));
    Files.createDirectories(home.resolve("bench/target"));
    linkTools();
    script(tools.resolve("id"), "echo 0");
    script(tools.resolve("dpkg-query"), "exit 1");
    script(tools.resolve("sudo"), log("sudo"), "exec \"$@\"");
    script(tools.resolve("apt-get"), log("apt-get"), "[ \"$1\" = update ] || " + becomesMaven());
    script(home.resolve("guest/build"), log("guest/build"), "echo gcc");
    Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"21.0.1\"\n");
    Files.createDirectories(jdk.resolve("bin"));
    script(jdk.resolve("bin/java"), log("java"), "echo \"the program's own help\"");
    script(jdk.resolve("bin/javac"), "exit 1");
    script(tools.resolve(".mvn"), log("mvn"), "echo Apache Maven 3.9.9");
  }

  private void linkTools() throws IOException {
    for (Path folder : List.of(Path.of("/usr/bin"), Path.of("/bin"))) {
      try (Stream<Path> all = Files.list(folder)) {
        for (Path tool : all.toList()) {
          Path link = tools.resolve(tool.getFileName().toString());
          if (!FAKED.contains(tool.getFileName().toString())
              && !Files.isDirectory(tool)
              && Files.notExists(link)) {
            Files.deleteIfExists(link);
            Files.createSymbolicLink(link, tool);
          }
        }
      }
    }
  }

  private String log(String name) {
    return "printf '%s\\n' \"" + name + " $*\" >> '" + calls + "'";
  }

  private String becomesMaven() {
    return "cp '" + tools.resolve(".mvn") + "' '" + tools.resolve("mvn") + "'";
  }

  private static void script(Path file, String... lines) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
    executable(file);
  }

  private static void executable(Path file) throws IOException {
    if (!file.toFile().setExecutable(true)) {
      throw new IOException("cannot be made executable: " + file);
    }
  }

  /** From now on the launcher is not run by root. */
  FakeMachine asUser() throws IOException {
    script(tools.resolve("id"), "echo 1000");
    return this;
  }

  /** From now on there is a terminal, and somebody who types this. */
  FakeMachine typing(String line) {
    typed = line;
    return this;
  }

  void installMaven() throws IOException {
    Files.copy(tools.resolve(".mvn"), tools.resolve("mvn"));
    executable(tools.resolve("mvn"));
  }

  Run launch(String... args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    if (!typed.isEmpty()) {
      command.addAll(List.of("/usr/bin/script", "-qec"));
      command.add(home.resolve("vnsnap") + " " + String.join(" ", args));
      command.add("/dev/null");
    } else {
      command.add(home.resolve("vnsnap").toString());
      command.addAll(List.of(args));
    }
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().put("PATH", tools.toString());
    builder.environment().put("HOME", folder.toString());
    builder.environment().put("JAVA_HOME", jdk.toString());
    Process process = builder.start();
    try {
      try (var in = process.getOutputStream()) {
        in.write((typed + "\n").getBytes(StandardCharsets.UTF_8));
      }
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(PATIENCE_S, TimeUnit.SECONDS)) {
        throw new IOException("it does not end; it said: " + output);
      }
      return new Run(process.exitValue(), output);
    } finally {
      process.destroyForcibly();
    }
  }

  /** What was called, in order, with arguments. */
  List<String> calls() throws IOException {
    return Files.readAllLines(calls);
  }
}
