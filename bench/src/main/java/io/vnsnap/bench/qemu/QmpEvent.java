package io.vnsnap.bench.qemu;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * Something QEMU reported.
 *
 * @param name e.g. STOP
 * @param micros when, by QEMU's clock, in microseconds since the Unix epoch
 * @param data what else it said
 */
public record QmpEvent(String name, long micros, JsonNode data) {

  static QmpEvent of(JsonNode message) {
    JsonNode time = message.path("timestamp");
    return new QmpEvent(
        message.path("event").asText(),
        time.path("seconds").asLong() * 1_000_000 + time.path("microseconds").asLong(),
        message.path("data"));
  }
}
