package io.vnsnap.store;

import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.RecordedFrame;
import java.io.Closeable;
import java.io.IOException;

/** Takes the recorded frames of one receiving VNIC in order of arrival. Used by one thread. */
public interface ChannelLogWriter extends Closeable {

  void append(RecordedFrame frame) throws IOException;

  /** Makes the log durable. After this, only close. */
  ChannelLogRecord commit() throws IOException;
}
