package io.vnsnap.shell.control;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.ConsoleOutput;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Console output that waits for one reader. Holds at most a fixed number of bytes; what is oldest
 * goes first when there is more, and the reader is told how much it missed. Safe for several
 * threads.
 */
final class ConsoleOutbox {
  private static final int CHUNK_BYTES = 16 * 1024;

  private record Piece(long skippedBefore, ByteString data) {}

  private final int maxBytes;
  private final ArrayDeque<Piece> pieces = new ArrayDeque<>();
  private int bytes;
  private long skippedAtEnd;
  private @Nullable String closedReason;
  private boolean closeTaken;

  ConsoleOutbox(int maxBytes) {
    this.maxBytes = maxBytes;
  }

  synchronized void add(ByteString data, long skippedBefore) {
    skippedAtEnd += skippedBefore;
    ByteString kept = data;
    if (data.size() > maxBytes) {
      skippedAtEnd += data.size() - maxBytes;
      kept = data.substring(data.size() - maxBytes);
    }
    while (bytes + kept.size() > maxBytes) {
      dropOldest();
    }
    if (!kept.isEmpty()) {
      pieces.add(new Piece(skippedAtEnd, kept));
      bytes += kept.size();
      skippedAtEnd = 0;
    }
  }

  private void dropOldest() {
    Piece oldest = pieces.remove();
    bytes -= oldest.data.size();
    long skipped = oldest.skippedBefore + oldest.data.size();
    Piece next = pieces.poll();
    if (next == null) {
      skippedAtEnd += skipped;
    } else {
      pieces.addFirst(new Piece(next.skippedBefore + skipped, next.data));
    }
  }

  /** Nothing more will be added; what waits is still to be taken. */
  synchronized void close(String reason) {
    if (closedReason == null) {
      closedReason = reason.isEmpty() ? "the console was closed" : reason;
    }
  }

  /** The next message for the reader; null if there is none now. The last one has the reason. */
  synchronized @Nullable ConsoleOutput take() {
    Piece piece = pieces.poll();
    if (piece != null) {
      ByteString data = piece.data;
      if (data.size() > CHUNK_BYTES) {
        pieces.addFirst(new Piece(0, data.substring(CHUNK_BYTES)));
        data = data.substring(0, CHUNK_BYTES);
      }
      bytes -= data.size();
      return ConsoleOutput.newBuilder().setData(data).setSkippedBytes(piece.skippedBefore).build();
    }
    if (closedReason != null && !closeTaken) {
      closeTaken = true;
      return ConsoleOutput.newBuilder()
          .setSkippedBytes(skippedAtEnd)
          .setClosedReason(closedReason)
          .build();
    }
    return null;
  }
}
