package io.vnsnap.shell.demo;

import java.time.Duration;

/**
 * Figures of the demo.
 *
 * @param memoryMib of each VM
 * @param udpPerSecond datagrams that each guest sends to each other one
 * @param tcpBytesPerSecond bytes that each guest sends to each other one
 * @param ticksBefore seconds of traffic before the snapshot
 * @param ticksAfter seconds of traffic that are judged after the snapshot, and after the restore
 * @param poll how often something awaited is looked at
 * @param deadlines how long each step may take
 */
record DemoPlan(
    int memoryMib,
    long udpPerSecond,
    long tcpBytesPerSecond,
    long ticksBefore,
    long ticksAfter,
    Duration poll,
    Deadlines deadlines) {

  /**
   * How long each step may take.
   *
   * @param figures how long to listen, after a fault, to what the guests have counted of it
   */
  record Deadlines(
      Duration cluster,
      Duration boot,
      Duration traffic,
      Duration judgement,
      Duration loss,
      Duration figures) {}

  /** What people see. */
  static DemoPlan standard() {
    return new DemoPlan(
        128,
        100,
        250_000,
        4,
        6,
        Duration.ofMillis(150),
        new Deadlines(
            Duration.ofSeconds(60),
            Duration.ofSeconds(120),
            Duration.ofSeconds(60),
            Duration.ofSeconds(60),
            Duration.ofSeconds(90),
            Duration.ofSeconds(5)));
  }
}
