package io.vnsnap.it.vne;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.vnsnap.shell.api.ConsoleListener;
import io.vnsnap.shell.api.ConsoleSession;
import io.vnsnap.shell.api.VnsnapClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a guest says on its console, and what its traffic program reports there. */
final class Guest implements ConsoleListener, AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern REPORT =
      Pattern.compile("VNTRAFFIC (vm=\\S+ tick=\\d+(?: [a-z_]+=\\S+)+) ?[\r\n]");

  private static final Pattern PARTS = Pattern.compile(" ");

  private final String vm;
  private final Object lock = new Object();
  private final StringBuilder text = new StringBuilder();
  private final ConsoleSession session;
  private volatile String closedReason = "";

  Guest(VnsnapClient client, String vm) {
    this.vm = vm;
    this.session = client.console(Lab.VNE, vm, this);
  }

  @Override
  public void output(ByteString data, long skippedBytes) {
    synchronized (lock) {
      text.append(data.toString(StandardCharsets.UTF_8));
    }
  }

  @Override
  public void closed(String reason) {
    closedReason = reason;
  }

  private String said() {
    synchronized (lock) {
      return text.toString();
    }
  }

  boolean hasSaid(String text) {
    return said().contains(text);
  }

  /** The last match of a pattern in what it has said. */
  Optional<MatchResult> lastSaid(Pattern pattern) {
    return pattern.matcher(said()).results().reduce((earlier, later) -> later);
  }

  /** Types a command and waits for what it prints. */
  void run(String command, String expected) {
    int from = said().length();
    Lab.get(session.input(ByteString.copyFromUtf8(command + "\n")));
    await(vm + " answers '" + command + "' with '" + expected + "'")
        .atMost(PATIENCE)
        .until(() -> said().substring(from).contains(expected));
  }

  /** The latest report of the traffic program as keys and values; empty before the first one. */
  Map<String, String> report() {
    List<Map<String, String>> reports = reports();
    return reports.isEmpty() ? Map.of() : reports.get(reports.size() - 1);
  }

  /** The first report that this console showed; empty before it. */
  Map<String, String> firstReport() {
    List<Map<String, String>> reports = reports();
    return reports.isEmpty() ? Map.of() : reports.get(0);
  }

  private List<Map<String, String>> reports() {
    List<Map<String, String>> reports = new ArrayList<>();
    Matcher matcher = REPORT.matcher(said());
    while (matcher.find()) {
      Map<String, String> report = new LinkedHashMap<>();
      for (String part : PARTS.split(matcher.group(1), -1)) {
        int equals = part.indexOf('=');
        report.put(part.substring(0, equals), part.substring(equals + 1));
      }
      reports.add(report);
    }
    return reports;
  }

  long count(String key) {
    return count(report(), key);
  }

  static long count(Map<String, String> report, String key) {
    return Long.parseLong(report.getOrDefault(key, "0"));
  }

  /** The last value of a field that only simulated guests report. */
  long figure(String key) {
    Matcher matcher = Pattern.compile(" " + key + "=(\\d+)[ \r\n]").matcher(said());
    long value = -1;
    while (matcher.find()) {
      value = Long.parseLong(matcher.group(1));
    }
    return value;
  }

  /** Waits until traffic in all directions has gone on for some of the guest's seconds. */
  Guest awaitTraffic(int seconds) {
    await(vm + " reports").atMost(PATIENCE).until(() -> !report().isEmpty());
    await(vm + " hears its peers")
        .atMost(PATIENCE)
        .until(() -> List.of("1/1", "2/2", "3/3").contains(report().get("peers")));
    long tick = count("tick");
    long datagrams = count("udp_received");
    long bytes = count("tcp_received");
    await(vm + " goes on for " + seconds + " s")
        .atMost(PATIENCE)
        .until(() -> count("tick") >= tick + seconds);
    assertThat(count("udp_received")).as("%s datagrams", vm).isGreaterThan(datagrams);
    assertThat(count("tcp_received")).as("%s stream bytes", vm).isGreaterThan(bytes);
    return this;
  }

  /** By the guest's own count nothing ever went wrong. */
  void assertExact() {
    assertThat(report())
        .as("report of %s", vm)
        .containsEntry("lost", "0")
        .containsEntry("duplicated", "0")
        .containsEntry("reordered", "0")
        .containsEntry("corrupt", "0")
        .containsEntry("broken", "0")
        .containsEntry("memory", "ok");
    assertThat(said()).doesNotContain("VNTRAFFIC-ERROR");
  }

  String closedReason() {
    return closedReason;
  }

  @Override
  public void close() {
    session.close();
  }
}
