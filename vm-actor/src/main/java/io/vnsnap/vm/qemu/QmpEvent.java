package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * Something QEMU reports by itself.
 *
 * @param name e.g. "STOP"
 * @param data what comes with it; an empty object if nothing does
 * @param micros when, by QEMU's clock: microseconds since the Unix epoch
 */
record QmpEvent(String name, JsonNode data, long micros) {}
