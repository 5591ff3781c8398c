package io.vnsnap.net.gate;

import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.RecordedFrame;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Keeps what a gate reports. */
final class RememberedEvents implements GateEvents {
  record Log(int epoch, List<ChannelRecord> channels, List<RecordedFrame> frames, Runnable free) {}

  final List<Integer> red = new ArrayList<>();
  final Map<Integer, Log> logs = new TreeMap<>();
  final List<String> failures = new ArrayList<>();
  final List<String> closings = new ArrayList<>();
  final List<Integer> expired = new ArrayList<>();

  @Override
  public void redSeen(int epoch) {
    red.add(epoch);
  }

  @Override
  public void logClosed(
      int epoch, List<ChannelRecord> channels, Collection<RecordedFrame> frames, Runnable free) {
    if (logs.put(epoch, new Log(epoch, channels, List.copyOf(frames), free)) != null) {
      throw new AssertionError("log of epoch " + epoch + " closed twice");
    }
  }

  @Override
  public void recordingFailed(int epoch, String reason) {
    failures.add(reason);
  }

  @Override
  public void portClosed(String reason) {
    closings.add(reason);
  }

  @Override
  public void holdExpired(int epoch) {
    expired.add(epoch);
  }
}
