package io.vnsnap.vm.qemu;

import io.vnsnap.proto.RoundRecord;
import io.vnsnap.vm.qemu.stream.StreamCounts;
import java.util.ArrayList;
import java.util.List;

/**
 * What each round of a capture has brought. A round's figures are those of the reader, which is a
 * few KiB behind QEMU when the round changes. On the machine's event loop.
 */
final class RoundsLog {
  private static final long NANOS_PER_MICRO = 1000;

  private final List<RoundRecord> done = new ArrayList<>();
  private StreamCounts begunAt = StreamCounts.NONE;
  private long begunNanos = System.nanoTime();

  /** The first round begins. */
  void begin() {
    begunNanos = System.nanoTime();
  }

  /** A round ends, and the next one begins. One that has brought nothing is not told. */
  void next(StreamCounts now) {
    if (now.pages() > begunAt.pages()) {
      end(now, System.nanoTime());
    } else {
      begunNanos = System.nanoTime();
    }
  }

  /** The last round has ended, at this time. */
  void end(StreamCounts now, long atNanos) {
    StreamCounts round = now.since(begunAt);
    done.add(
        RoundRecord.newBuilder()
            .setPages(round.pages())
            .setZeroPages(round.zeroPages())
            .setBytes(round.bytes())
            .setDurationUs((atNanos - begunNanos) / NANOS_PER_MICRO)
            .build());
    begunAt = now;
    begunNanos = atNanos;
  }

  /** Seconds since the round began. */
  double seconds() {
    return (System.nanoTime() - begunNanos) / 1e9;
  }

  List<RoundRecord> records() {
    return List.copyOf(done);
  }
}
