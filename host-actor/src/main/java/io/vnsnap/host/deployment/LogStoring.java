package io.vnsnap.host.deployment;

import io.vnsnap.host.HostContext;
import io.vnsnap.net.VnicEvent;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.proto.VmStored;
import io.vnsnap.store.ChannelLogWriter;
import java.io.IOException;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Writes the channel logs of one VM into the store, off the actor's thread. Used by one actor. */
final class LogStoring {
  private final HostContext host;

  /** Completes when no channel log is being written any more. */
  private CompletionStage<?> writing = CompletableFuture.completedStage("nothing yet");

  LogStoring(HostContext host) {
    this.host = host;
  }

  /**
   * Writes the logs of a cut, whose frames are freed in any case.
   *
   * @return completes with what the VM has stored for the snapshot, its image included
   */
  CompletionStage<VmStored> write(
      String snapshotId, ImageRecord image, Collection<VnicEvent.LogClosed> logs) {
    CompletionStage<VmStored> written =
        host.shared().blocking(() -> writeLogs(snapshotId, image, logs));
    writing = written;
    return written;
  }

  /** Completes when nothing is being written; fails if the last logs were not written. */
  CompletionStage<?> settled() {
    return writing;
  }

  private VmStored writeLogs(
      String snapshotId, ImageRecord image, Collection<VnicEvent.LogClosed> logs)
      throws IOException {
    VmStored.Builder stored = VmStored.newBuilder().setSnapshotId(snapshotId).setImage(image);
    try {
      for (VnicEvent.LogClosed log : logs) {
        stored.addAllChannels(log.channels());
        if (!log.frames().isEmpty()) {
          stored.addLogs(writeLog(snapshotId, log));
        }
      }
    } finally {
      logs.forEach(log -> log.free().run());
    }
    return stored.build();
  }

  private ChannelLogRecord writeLog(String snapshotId, VnicEvent.LogClosed log) throws IOException {
    try (ChannelLogWriter writer = host.shared().store().writeChannelLog(snapshotId, log.vnic())) {
      for (RecordedFrame frame : log.frames()) {
        writer.append(frame);
      }
      return writer.commit();
    }
  }
}
