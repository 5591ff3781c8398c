package io.vnsnap.net.gate;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.proto.RecordedFrame;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The channel log of one cut at one gate while it is written: kept in memory, bounded. */
final class Recording {
  private static final int FRAME_OVERHEAD = 128;
  private static final long NANOS_PER_MICRO = 1000;

  private final int epoch;
  private final long cutNanos;
  private final long maxBytes;
  private final List<RecordedFrame> frames = new ArrayList<>();
  private long bytes;
  private int openChannels;

  Recording(int epoch, long cutNanos, long maxBytes, int openChannels) {
    this.epoch = epoch;
    this.cutNanos = cutNanos;
    this.maxBytes = maxBytes;
    this.openChannels = openChannels;
  }

  int epoch() {
    return epoch;
  }

  /**
   * Adds a frame.
   *
   * @param framed borrowed
   * @param arrivedNanos when it arrives, as the VM sees it
   * @return false if there is no room
   */
  boolean add(InChannel channel, long sequence, ByteBuf framed, long arrivedNanos) {
    int length = framed.readableBytes() - Framing.LENGTH_BYTES;
    bytes += length + FRAME_OVERHEAD;
    if (bytes > maxBytes) {
      return false;
    }
    byte[] content = new byte[length];
    framed.getBytes(framed.readerIndex() + Framing.LENGTH_BYTES, content);
    long offset = arrivedNanos <= cutNanos ? 0 : (arrivedNanos - cutNanos) / NANOS_PER_MICRO;
    frames.add(
        RecordedFrame.newBuilder()
            .setFrom(channel.from())
            .setSequence(sequence)
            .setOffsetUs(offset)
            .setFrame(ByteString.copyFrom(content))
            .build());
    channel.countRecorded();
    return true;
  }

  void channelClosed() {
    openChannels--;
  }

  boolean isComplete() {
    return openChannels == 0;
  }

  /** All frames in order of arrival, which on a channel is that of their numbers. */
  List<RecordedFrame> frames() {
    return frames.stream().sorted(Comparator.comparingLong(RecordedFrame::getOffsetUs)).toList();
  }
}
