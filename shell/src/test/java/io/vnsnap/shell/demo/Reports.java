package io.vnsnap.shell.demo;

import com.google.protobuf.ByteString;
import java.util.Locale;

/** Console lines of guests as they would be, and what can go wrong with them. */
final class Reports {
  static final long UDP = 100;
  static final long TCP = 250_000;
  static final int PEERS = 3;

  private Reports() {}

  /** A healthy guest's line. */
  static String line(String vm, long tick) {
    return line(vm, tick, tick * UDP * PEERS, tick * TCP * PEERS, "");
  }

  /** A guest's line with what it has received; faults overwrite fields by their first mention. */
  static String line(String vm, long tick, long udpReceived, long tcpReceived, String fault) {
    String line =
        String.format(
            Locale.ROOT,
            "VNTRAFFIC vm=%s tick=%d peers=3/3 udp_sent=%d udp_received=%d lost=0 duplicated=0 reordered=0 tcp_sent=%d tcp_received=%d corrupt=0 broken=0 memory=ok dropped=0",
            vm,
            tick,
            tick * UDP * PEERS,
            udpReceived,
            tick * TCP * PEERS,
            tcpReceived);
    if (fault.isEmpty()) {
      return line;
    }
    String key = fault.substring(0, fault.indexOf('=') + 1);
    return line.replaceAll("\\b" + key + "[^ ]+", fault);
  }

  static void say(GuestLog log, String line) {
    log.output(ByteString.copyFromUtf8(line + "\r\n"), 0);
  }
}
