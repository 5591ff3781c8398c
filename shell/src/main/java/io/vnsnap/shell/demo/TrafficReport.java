package io.vnsnap.shell.demo;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One line of a guest's traffic program: everything it has counted since it started.
 *
 * @param tick seconds it has reported
 * @param peersConnected peers it has a datagram session with and a stream to
 */
record TrafficReport(
    String vm, long tick, int peersConnected, int peers, Udp udp, Tcp tcp, boolean memoryIntact) {
  private static final Pattern LINE = Pattern.compile("VNTRAFFIC( [a-z_]+=[^ ]+)+$");
  private static final Pattern FIELD = Pattern.compile("([a-z_]+)=([^ ]+)");
  private static final Pattern PEERS = Pattern.compile("([0-9]{1,4})/([0-9]{1,4})");

  /** Datagrams: of all streams together, to all peers and from all peers. */
  record Udp(long sent, long received, long lost, long duplicated, long reordered) {}

  /** Bytes of all streams together; bytes that were wrong; established streams that broke. */
  record Tcp(long sent, long received, long corrupt, long broken) {}

  /** The report in a console line, after whatever else stands before it; none if it is damaged. */
  static Optional<TrafficReport> parse(String line) {
    Matcher report = LINE.matcher(line.strip());
    if (!report.find()) {
      return Optional.empty();
    }
    Map<String, String> fields = new HashMap<>();
    Matcher field = FIELD.matcher(report.group());
    while (field.find()) {
      fields.put(field.group(1), field.group(2));
    }
    Matcher peers = PEERS.matcher(fields.getOrDefault("peers", ""));
    if (!peers.matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new TrafficReport(
              text(fields, "vm"),
              number(fields, "tick"),
              Integer.parseInt(peers.group(1)),
              Integer.parseInt(peers.group(2)),
              new Udp(
                  number(fields, "udp_sent"),
                  number(fields, "udp_received"),
                  number(fields, "lost"),
                  number(fields, "duplicated"),
                  number(fields, "reordered")),
              new Tcp(
                  number(fields, "tcp_sent"),
                  number(fields, "tcp_received"),
                  number(fields, "corrupt"),
                  number(fields, "broken")),
              text(fields, "memory").equals("ok")));
    } catch (NumberFormatException e) {
      return Optional.empty(); // a line that another one broke into; the next one has it all again
    }
  }

  private static String text(Map<String, String> fields, String key) {
    String text = fields.get(key);
    if (text == null) {
      throw new NumberFormatException("no " + key);
    }
    return text;
  }

  private static long number(Map<String, String> fields, String key) {
    return Long.parseLong(text(fields, key));
  }

  boolean allPeersConnected() {
    return peers > 0 && peersConnected == peers;
  }

  /** What is wrong by the guest's own count; empty if nothing is. */
  String fault() {
    StringBuilder fault = new StringBuilder();
    add(fault, udp.lost, "datagrams lost");
    add(fault, udp.duplicated, "datagrams duplicated");
    add(fault, udp.reordered, "datagrams reordered");
    add(fault, tcp.corrupt, "pieces of data corrupt");
    add(fault, tcp.broken, "streams broken");
    if (!memoryIntact) {
      fault.append(fault.isEmpty() ? "" : ", ").append("memory torn");
    }
    return fault.toString();
  }

  private static void add(StringBuilder fault, long count, String what) {
    if (count != 0) {
      fault.append(fault.isEmpty() ? "" : ", ").append(count).append(' ').append(what);
    }
  }
}
