package io.vnsnap.net.gate;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.gate.RecordBudget.ExhaustedException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes the channel log of one cut after another at one gate: from turning red until all channels
 * are closed, or the log is given up. A log that was handed over counts against the budget of the
 * host until it is freed by whoever stores it, and at the latest until the next one or {@link
 * #abandon}.
 */
final class Recorder {
  private final LoopClock clock;
  private final long maxBytes;
  private final RecordBudget budget;
  private final Supplier<GateEvents> events;
  private final List<InChannel> channels = new ArrayList<>();
  private @Nullable Recording recording;
  private @Nullable Recording handedOver;

  Recorder(LoopClock clock, long maxBytes, RecordBudget budget, Supplier<GateEvents> events) {
    this.clock = clock;
    this.maxBytes = maxBytes;
    this.budget = budget;
    this.events = events;
  }

  void addChannel(InChannel channel) {
    channels.add(channel);
  }

  List<InChannel> channels() {
    return channels;
  }

  /** Starts the log of a cut that is being made. */
  void start(int cut) {
    if (recording != null) {
      events
          .get()
          .recordingFailed(recording.epoch(), "the next cut came before the log was complete");
    }
    abandon();
    recording = new Recording(cut, clock.nanos(), maxBytes, budget, channels.size());
    channels.forEach(InChannel::cut);
  }

  /** Gives the log up, if one is being written, and what is kept of the one before. */
  void abandon() {
    if (recording != null) {
      recording.free();
      recording = null;
    }
    if (handedOver != null) {
      handedOver.giveUp(); // it may be being stored
      handedOver = null;
    }
  }

  /** Whether a frame of this epoch, let through by the gate, has to be recorded. */
  boolean takes(int epoch) {
    return recording != null && epoch < recording.epoch();
  }

  /**
   * Records a train that {@linkplain #takes has to be}.
   *
   * @param train borrowed
   * @return where it lies in the log, between the indices, until the next train is recorded; null
   *     if the log had no room for it and was given up
   */
  @Nullable ByteBuf record(
      InChannel channel, long first, long arrivalNanos, ByteBuf train, int frames) {
    if (recording == null) {
      return null;
    }
    try {
      return recording.add(channel, first, train, frames, arrivalNanos);
    } catch (ExhaustedException e) {
      int epoch = recording.epoch();
      recording.free();
      recording = null;
      events.get().recordingFailed(epoch, "more frames were in flight than fit " + e.getMessage());
      return null;
    }
  }

  /** Records a frame that waits, unless it is in this log or of the log's epoch. */
  void record(Waiting item) {
    if (item.frame != null
        && recording != null
        && takes(item.epoch)
        && item.recordedIn != recording.epoch()) {
      item.recordedIn = recording.epoch();
      var unused = record(item.channel, item.sequence, item.arrival(), item.frame, 1);
    }
  }

  /** A marker has passed the gate: it may close its channel, and the last one the log. */
  void pass(InChannel channel, Marker marker, long lostBefore) {
    if (recording != null
        && recording.epoch() == marker.epoch()
        && channel.close(marker, lostBefore)) {
      recording.channelClosed();
      closeIfComplete();
    }
  }

  /** Hands the log over if no channel is open any more. */
  void closeIfComplete() {
    if (recording != null && recording.isComplete()) {
      Recording complete = recording;
      recording = null;
      handedOver = complete;
      events
          .get()
          .logClosed(
              complete.epoch(),
              channels.stream().map(InChannel::closing).toList(),
              complete.frames(),
              complete::free);
    }
  }
}
