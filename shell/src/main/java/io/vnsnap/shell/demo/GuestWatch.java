package io.vnsnap.shell.demo;

import io.vnsnap.shell.api.ConsoleSession;
import io.vnsnap.shell.api.VnsnapClient;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The consoles of all guests of the demo, attached. For use by one thread. */
final class GuestWatch implements AutoCloseable {
  private final Map<String, GuestLog> logs = new LinkedHashMap<>();
  private final List<ConsoleSession> sessions = new ArrayList<>();

  private GuestWatch() {}

  static GuestWatch attach(VnsnapClient client, String vne, List<String> vms) {
    GuestWatch watch = new GuestWatch();
    for (String vm : vms) {
      GuestLog log = new GuestLog();
      watch.logs.put(vm, log);
      watch.sessions.add(client.console(vne, vm, log));
    }
    return watch;
  }

  /** What each guest has said so far, in the order of the VMs. */
  Map<String, GuestLog.Heard> heard() {
    Map<String, GuestLog.Heard> heard = new LinkedHashMap<>();
    logs.forEach((vm, log) -> heard.put(vm, log.heard()));
    return heard;
  }

  /** The newest report of each guest that has made one. */
  Map<String, TrafficReport> latest() {
    Map<String, TrafficReport> latest = new LinkedHashMap<>();
    logs.forEach((vm, log) -> log.heard().last().ifPresent(report -> latest.put(vm, report)));
    return latest;
  }

  /** The last lines of every console, on one line, for a failure's message. */
  String lastLines() {
    StringBuilder text = new StringBuilder("the consoles said last:");
    logs.forEach((vm, log) -> {
      GuestLog.Heard heard = log.heard();
      text.append(' ').append(vm).append(": ");
      text.append(
          heard.lastLines().isEmpty()
              ? "nothing"
              : "\"" + heard.lastLines().get(heard.lastLines().size() - 1) + "\"");
      if (!heard.closedReason().isEmpty()) {
        text.append(" (closed: ").append(heard.closedReason()).append(')');
      }
      text.append(';');
    });
    return text.substring(0, text.length() - 1);
  }

  @Override
  public void close() {
    sessions.forEach(ConsoleSession::close);
  }
}
