package io.vnsnap.net;

import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.RecordedFrame;
import java.util.Collection;
import java.util.List;

/** What a VNIC tells its owner unasked. */
public sealed interface VnicEvent {

  /** Number of the VNIC in the topology. */
  int vnic();

  /**
   * Another VNIC has made this cut already: the VM should be cut at once. Once for each epoch, and
   * not if the gate was told to hold for that cut before.
   */
  record RedSeen(int vnic, int epoch) implements VnicEvent {}

  /**
   * The cut is made and all channels that end here were closed by their markers. Once for each cut
   * that was neither aborted nor expired nor failed.
   *
   * @param channels accounts of the channels that end here
   * @param frames the channel log, in order of arrival
   * @param free to be run when the frames are stored, and not read after that: till then they count
   *     against {@code host-record-bytes}, unless the gate has made its next cut, has aborted this
   *     one, or is closed
   */
  record LogClosed(
      int vnic,
      int epoch,
      List<ChannelRecord> channels,
      Collection<RecordedFrame> frames,
      Runnable free)
      implements VnicEvent {}

  /**
   * The log of this cut was given up, so the snapshot has failed; frames are delivered as before.
   */
  record RecordingFailed(int vnic, int epoch, String reason) implements VnicEvent {}

  /**
   * The VM has sent frames that are refused, of some kind for the first time. A frame that the end
   * of its socket has torn is none of them: {@link PortClosed} tells of it.
   */
  record Refusing(int vnic) implements VnicEvent {}

  /** The VM's network socket was closed, other than by order. */
  record PortClosed(int vnic, String reason) implements VnicEvent {}

  /**
   * The gate was shut, or kept red frames, for longer than {@code max-hold}: it has opened by
   * itself at this epoch, without a log.
   */
  record HoldExpired(int vnic, int epoch) implements VnicEvent {}
}
