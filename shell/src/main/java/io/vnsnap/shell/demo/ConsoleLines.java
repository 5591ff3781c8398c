package io.vnsnap.shell.demo;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Cuts a console's bytes into lines. A line that is too long is cut. For use by one thread. */
final class ConsoleLines {
  private static final int MAX_LINE_BYTES = 4096;

  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private boolean broken;

  /** The lines that end in these bytes, without their ends. */
  List<String> add(ByteString bytes) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < bytes.size(); i++) {
      byte b = bytes.byteAt(i);
      if (b == '\n') {
        if (!broken) {
          lines.add(line.toString(StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", ""));
        }
        broken = false;
        line.reset();
      } else if (line.size() < MAX_LINE_BYTES) {
        line.write(b);
      }
    }
    return lines;
  }

  /** Bytes are missing here: the line that is under way is not to be trusted. */
  void skip() {
    broken = true;
  }
}
