package io.vnsnap.host.console;

import com.google.protobuf.ByteString;

/**
 * The last bytes of a stream, up to a limit, and how many were dropped before them. Not
 * thread-safe.
 */
final class ConsoleTail {
  private final int limit;
  private ByteString bytes = ByteString.EMPTY;
  private long dropped;

  ConsoleTail(int limit) {
    this.limit = limit;
  }

  void append(ByteString more) {
    ByteString all = bytes.concat(more);
    int excess = all.size() - limit;
    if (excess > 0) {
      dropped += excess;
      all = all.substring(excess);
    }
    bytes = all;
  }

  ByteString bytes() {
    return bytes;
  }

  /** Bytes dropped since the tail was last cleared. */
  long dropped() {
    return dropped;
  }

  boolean isEmpty() {
    return bytes.isEmpty();
  }

  void clear() {
    bytes = ByteString.EMPTY;
    dropped = 0;
  }
}
