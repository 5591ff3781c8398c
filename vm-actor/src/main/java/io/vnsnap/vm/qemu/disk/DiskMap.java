package io.vnsnap.vm.qemu.disk;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a disk's content lies: what {@code qemu-img map} says, as it says it, so that the map of a
 * large disk takes no more memory than that of a small one. Used by one thread; closed by any, and
 * then a read that waits fails.
 */
final class DiskMap implements Closeable {
  private static final int MAX_COMPLAINT_BYTES = 4096;

  private final ImageTool tool;
  private final Process process;
  private final JsonParser json;
  private final long bytes;
  private long reached;

  private DiskMap(ImageTool tool, Process process, JsonParser json, long bytes) {
    this.tool = tool;
    this.process = process;
    this.json = json;
    this.bytes = bytes;
  }

  /**
   * Begins to read the map of a disk.
   *
   * @param bytes length of the disk
   */
  static DiskMap open(ImageTool tool, ImageTool.Source disk, long bytes) throws IOException {
    Process process =
        tool.start(
            List.of("map", "-U", "--output=json", "-f", disk.format(), disk.file().toString()),
            false);
    try {
      return new DiskMap(
          tool, process, ImageTool.JSON.getFactory().createParser(process.getInputStream()), bytes);
    } catch (IOException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  /** One line or two: less than would make the tool wait for its reader. */
  private String complaint() throws IOException {
    try (InputStream errors = process.getErrorStream()) {
      return new String(errors.readNBytes(MAX_COMPLAINT_BYTES), StandardCharsets.UTF_8);
    }
  }

  /**
   * The next range of the disk; each begins where the one before ended.
   *
   * @return null after the last one, and then the tool has ended well and they cover the disk
   */
  @Nullable Extent next() throws IOException {
    try {
      JsonToken token = json.nextToken();
      if (token == JsonToken.START_ARRAY) {
        token = json.nextToken();
      }
      if (token == JsonToken.START_OBJECT) {
        return follow(extent(json.readValueAsTree()));
      }
      // A tool that fails has said why elsewhere, and perhaps nothing here.
      tool.awaitSuccess(process, complaint());
      if (token != JsonToken.END_ARRAY || reached != bytes) {
        throw new IOException("it ends at byte %d of %d".formatted(reached, bytes));
      }
      return null;
    } catch (IOException e) {
      throw new IOException("the map of a disk cannot be read: " + e.getMessage(), e);
    }
  }

  private Extent follow(Extent extent) throws IOException {
    if (extent.start() != reached || extent.length() > bytes - reached) {
      throw new IOException(
          "%s follows byte %d of %d of the disk".formatted(extent, reached, bytes));
    }
    reached = extent.end();
    return extent;
  }

  /** QEMU, qapi/block-core.json, MapEntry. Newer versions add fields. */
  static Extent extent(JsonNode entry) throws IOException {
    try {
      boolean plain = entry.path("data").asBoolean() && !entry.path("compressed").asBoolean();
      return new Extent(
          entry.path("start").asLong(-1),
          entry.path("length").asLong(-1),
          entry.path("depth").asInt(-1),
          entry.path("zero").asBoolean(),
          plain ? entry.path("offset").asLong(-1) : -1);
    } catch (IllegalArgumentException e) {
      throw new IOException("senseless entry " + entry, e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
