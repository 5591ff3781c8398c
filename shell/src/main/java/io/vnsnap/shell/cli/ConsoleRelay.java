package io.vnsnap.shell.cli;

import com.google.protobuf.ByteString;
import io.vnsnap.shell.api.ConsoleListener;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/** Writes what a console says to a stream, as it is. Blocks while the stream does. */
final class ConsoleRelay implements ConsoleListener {
  private final OutputStream out;
  private final CompletableFuture<String> ended = new CompletableFuture<>();

  ConsoleRelay(OutputStream out) {
    this.out = out;
  }

  /** Completes with the reason when nothing more will come. */
  CompletableFuture<String> ended() {
    return ended;
  }

  @Override
  public void output(ByteString data, long skippedBytes) {
    try {
      if (skippedBytes > 0) {
        String notice = "\r\n[%d bytes skipped]\r\n".formatted(skippedBytes);
        out.write(notice.getBytes(StandardCharsets.US_ASCII));
      }
      data.writeTo(out);
      out.flush();
    } catch (IOException e) {
      ended.complete("output cannot be written: " + e.getMessage());
    }
  }

  @Override
  public void closed(String reason) {
    ended.complete(reason);
  }
}
