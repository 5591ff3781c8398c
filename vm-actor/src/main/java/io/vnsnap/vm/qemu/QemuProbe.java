package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vnsnap.vm.HypervisorDescription;
import io.vnsnap.vm.HypervisorException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks a QEMU without a machine which version it is and whether it can capture here. */
final class QemuProbe {
  private static final Logger log = LoggerFactory.getLogger(QemuProbe.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CAPTURES = "captures";

  /** What to do where QEMU cannot write-protect memory. */
  static final String INSTANT_NEEDS =
      " (QEMU needs root for it, or: sysctl vm.unprivileged_userfaultfd=1)";

  private static final String QUESTIONS =
      """
      {"execute": "qmp_capabilities"}
      {"execute": "migrate-set-capabilities", "id": "captures",
       "arguments": {"capabilities": [{"capability": "background-snapshot", "state": true}]}}
      {"execute": "quit"}
      """;

  private QemuProbe() {}

  /** Blocks; never fails: what is wrong is in the description. */
  static HypervisorDescription describe(QemuSettings settings) {
    Process process;
    try {
      process =
          new ProcessBuilder(
                  List.of(
                      settings.binary(),
                      "-machine",
                      "none",
                      "-nodefaults",
                      "-nographic",
                      "-no-user-config",
                      "-S",
                      "-qmp",
                      "stdio"))
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      return unusable(
          "",
          "QEMU cannot be run as "
              + settings.binary()
              + " (Debian package qemu-system-x86): "
              + HypervisorException.reason(e));
    }
    var unused =
        process
            .onExit()
            .orTimeout(settings.startTimeout().toMillis(), TimeUnit.MILLISECONDS)
            .exceptionally(late -> process.destroyForcibly());
    try {
      ask(process);
      String answers =
          new String(
              process.getInputStream().readNBytes(settings.messageLimit()), StandardCharsets.UTF_8);
      return judge(settings, answers);
    } catch (IOException e) {
      return unusable("", settings.binary() + " does not behave as QEMU: " + e.getMessage());
    } finally {
      process.destroyForcibly();
    }
  }

  private static void ask(Process process) {
    try (var questions = process.getOutputStream()) {
      questions.write(QUESTIONS.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      log.debug("QEMU takes no questions: what it said tells why", e);
    }
  }

  /** From all that QEMU said. */
  static HypervisorDescription judge(QemuSettings settings, String answers) {
    String version = "";
    String reason = "it did not say whether it can capture";
    try (MappingIterator<JsonNode> messages = JSON.readerFor(JsonNode.class).readValues(answers)) {
      while (messages.hasNext()) {
        JsonNode message = messages.next();
        if (message.has("QMP")) {
          QemuVersion qemu = QemuVersion.ofGreeting(message);
          version = qemu.toString();
          if (!qemu.supported()) {
            return unusable(version, QemuVersion.tooOld(version));
          }
        } else if (message.path("id").asText().equals(CAPTURES)) {
          reason = message.path("error").path("desc").asText("");
        }
      }
    } catch (IOException | HypervisorException e) {
      return unusable(
          version, settings.binary() + " does not behave as QEMU: " + firstLine(answers));
    }
    if (reason.isEmpty()) {
      return new HypervisorDescription(QemuHypervisor.NAME, version, "");
    }
    if (version.isEmpty()) {
      return unusable(version, settings.binary() + " " + reason);
    }
    log.warn(
        "QEMU {}: INSTANT captures are not possible on this host, only ROUNDS: {}{}",
        version,
        reason,
        INSTANT_NEEDS);
    return new HypervisorDescription(QemuHypervisor.NAME, version, "");
  }

  private static HypervisorDescription unusable(String version, String reason) {
    return new HypervisorDescription(QemuHypervisor.NAME, version, reason);
  }

  private static String firstLine(String text) {
    String line = text.strip().lines().findFirst().orElse("it says nothing");
    return line.substring(0, Math.min(line.length(), 200));
  }
}
