package io.vnsnap.shell.demo;

import com.google.protobuf.ByteString;
import io.vnsnap.shell.api.ConsoleListener;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * What one guest has said on its console, as far as the demo needs it. Holds a bounded number of
 * everything. Safe for several threads.
 */
final class GuestLog implements ConsoleListener {
  private static final String ERROR = "VNTRAFFIC-ERROR";
  private static final String BOOTED = "BOOTED ";
  private static final int MAX_REPORTS = 3600;
  private static final int MAX_ERRORS = 20;
  private static final int MAX_LAST_LINES = 5;

  private final ConsoleLines lines = new ConsoleLines();
  private final List<TrafficReport> reports = new ArrayList<>();
  private final List<String> errors = new ArrayList<>();
  private final Deque<String> lastLines = new ArrayDeque<>();
  private boolean booted;
  private String closedReason = "";

  /**
   * What has been said so far.
   *
   * @param reports in the order they were printed
   * @param errors events that the traffic program reported, the first few
   * @param lastLines of the console
   * @param booted whether the guest said that it has started up
   * @param closedReason why nothing more will come; empty if more may
   */
  record Heard(
      List<TrafficReport> reports,
      List<String> errors,
      List<String> lastLines,
      boolean booted,
      String closedReason) {

    /** The newest report, if there is one. */
    Optional<TrafficReport> last() {
      return reports.isEmpty() ? Optional.empty() : Optional.of(reports.get(reports.size() - 1));
    }
  }

  @Override
  public synchronized void output(ByteString data, long skippedBytes) {
    if (skippedBytes > 0) {
      lines.skip();
    }
    for (String line : lines.add(data)) {
      if (lastLines.size() == MAX_LAST_LINES) {
        lastLines.removeFirst();
      }
      lastLines.addLast(line);
      booted |= line.contains(BOOTED);
      if (line.contains(ERROR)) {
        if (errors.size() < MAX_ERRORS) {
          errors.add(line.substring(line.indexOf(ERROR)));
        }
      } else if (reports.size() < MAX_REPORTS) {
        TrafficReport.parse(line).ifPresent(reports::add);
      }
    }
  }

  @Override
  public synchronized void closed(String reason) {
    closedReason = reason;
  }

  synchronized Heard heard() {
    return new Heard(
        List.copyOf(reports), List.copyOf(errors), List.copyOf(lastLines), booted, closedReason);
  }
}
