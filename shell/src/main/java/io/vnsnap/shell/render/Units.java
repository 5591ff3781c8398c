package io.vnsnap.shell.render;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Numbers with units, as people read them. */
public final class Units {
  private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");

  private Units() {}

  /** Bytes: {@code 0 B}, {@code 1.5 KiB}, {@code 128 MiB}. */
  public static String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    while (Math.abs(value) >= 1023.95 && unit < BINARY.length - 1) {
      value /= 1024;
      unit++;
    }
    boolean whole = unit == 0 || Math.abs(value) >= 99.95 || value == Math.rint(value);
    return String.format(Locale.ROOT, whole ? "%.0f %s" : "%.1f %s", value, BINARY[unit]);
  }

  /**
   * A duration in milliseconds: {@code 8.4 ms}, {@code 120 ms}, {@code 3.2 s}, {@code 2 min 5 s}.
   */
  public static String millis(double ms) {
    if (ms < 99.95) {
      return String.format(Locale.ROOT, "%.1f ms", ms);
    }
    if (ms < 999.5) {
      return String.format(Locale.ROOT, "%.0f ms", ms);
    }
    if (ms < 59_950) {
      return String.format(Locale.ROOT, "%.1f s", ms / 1000);
    }
    long seconds = Math.round(ms / 1000);
    return "%d min %d s".formatted(seconds / 60, seconds % 60);
  }

  /** A count with thousands apart: {@code 12,345}. */
  public static String count(long n) {
    return String.format(Locale.ROOT, "%,d", n);
  }

  /** A moment in local time, to the second. */
  public static String time(long epochMs, ZoneId zone) {
    return TIME.format(Instant.ofEpochMilli(epochMs).atZone(zone));
  }
}
