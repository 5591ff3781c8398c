package io.vnsnap.net.gate;

import io.vnsnap.net.frame.BadInput;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DropCause;
import io.vnsnap.proto.RecordedFrame;
import java.util.Collection;
import java.util.List;

/** What a gate reports on its own account, on the event loop. */
public interface GateEvents {

  /** Listens to nothing: a gate that nobody owns yet. */
  GateEvents NONE =
      new GateEvents() {
        @Override
        public void redSeen(int epoch) {
          // nobody to tell
        }

        @Override
        public void logClosed(
            int epoch,
            List<ChannelRecord> channels,
            Collection<RecordedFrame> frames,
            Runnable free) {
          free.run();
        }

        @Override
        public void recordingFailed(int epoch, String reason) {
          // nobody to tell
        }

        @Override
        public void portClosed(String reason) {
          // nobody to tell
        }

        @Override
        public void holdExpired(int epoch) {
          // nobody to tell
        }
      };

  /** Another VNIC has made this cut already; once for each epoch. */
  void redSeen(int epoch);

  /**
   * The log of this cut is complete: all channels were closed by their markers.
   *
   * @param free to be run, by any thread, when the frames are needed no more: they must not be read
   *     after that, since their memory is recorded to again. If nobody has run it by the next cut,
   *     or when the gate closes, they are left to whoever has them, and count no more
   */
  void logClosed(
      int epoch, List<ChannelRecord> channels, Collection<RecordedFrame> frames, Runnable free);

  /** The log of this cut was given up; frames are delivered as before. */
  void recordingFailed(int epoch, String reason);

  /** The VM is gone. */
  void portClosed(String reason);

  /**
   * Nobody gave orders for too long: the gate has opened by itself, without a log, at this epoch.
   */
  void holdExpired(int epoch);

  /** The VM has sent something of this kind for the first time; it is counted from now on. */
  default void badInput(BadInput cause) {
    // the counters tell as well
  }

  /** The gate is being closed, with these counts in the end; once. */
  default void closing(GateCounters counters) {
    // the counters tell as well
  }

  /** A frame for the VM was dropped for this cause for the first time. */
  default void dropping(DropCause cause) {
    // the counters tell as well
  }
}
