package io.vnsnap.store.file;

import com.google.protobuf.InvalidProtocolBufferException;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.ChannelLogWriter;
import io.vnsnap.store.place.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Content of a channel log: per frame its length and the frame. */
final class ChannelLog {
  /** Most bytes of one record; a frame has at most 69,632. */
  static final int MAX_RECORD_BYTES = 128 << 10;

  /** Most frames of one log. */
  static final int MAX_FRAMES = 4 << 20;

  private ChannelLog() {}

  static ChannelLogWriter create(Area area, Part part, int to) throws IOException {
    return new Writer(ContentWriter.create(area, part), part, to);
  }

  static List<RecordedFrame> read(Disk disk, Part part, ChannelLogRecord log) throws IOException {
    try (ContentReader reader = ContentReader.open(disk, part)) {
      FileStore.checkPart(part, reader.trailer(), log.getBytes(), log.getSha256());
      List<RecordedFrame> frames = frames(part, reader);
      reader.checkEnd();
      if (frames.size() != log.getFrames()) {
        throw Area.damaged(
            part,
            "it has %d frames, the manifest says %d".formatted(frames.size(), log.getFrames()));
      }
      return frames;
    }
  }

  private static List<RecordedFrame> frames(Part part, ContentReader reader) throws IOException {
    List<RecordedFrame> frames = new ArrayList<>();
    while (reader.left() > 0) {
      int length =
          reader.left() < Integer.BYTES ? 0 : ByteBuffer.wrap(reader.read(Integer.BYTES)).getInt();
      if (length < 1 || length > Math.min(MAX_RECORD_BYTES, reader.left())) {
        throw Area.damaged(part, "the length of frame %d is wrong".formatted(frames.size() + 1));
      }
      try {
        frames.add(RecordedFrame.parseFrom(reader.read(length)));
      } catch (InvalidProtocolBufferException e) {
        throw Area.damaged(
            part, "frame %d cannot be read: %s".formatted(frames.size() + 1, e.getMessage()));
      }
    }
    return List.copyOf(frames);
  }

  private static final class Writer implements ChannelLogWriter {
    private final ContentWriter content;
    private final Part part;
    private final int to;
    private long frames;
    private long bytes;

    Writer(ContentWriter content, Part part, int to) {
      this.content = content;
      this.part = part;
      this.to = to;
    }

    @Override
    public void append(RecordedFrame frame) throws IOException {
      byte[] record = frame.toByteArray();
      if (record.length < 1 || record.length > MAX_RECORD_BYTES) {
        throw new IOException(
            "a frame's record has 1 to %d bytes, not %d"
                .formatted(MAX_RECORD_BYTES, record.length));
      }
      long bytesAfter = bytes + Integer.BYTES + record.length;
      if (frames == MAX_FRAMES || bytesAfter > part.kind().maxBytes) {
        throw new IOException(
            "%s is full: a channel log takes %d frames and %s"
                .formatted(part.file(), MAX_FRAMES, Area.mib(part.kind().maxBytes)));
      }
      content.write(ByteBuffer.allocate(Integer.BYTES).putInt(record.length).array());
      content.write(record);
      bytes = bytesAfter;
      frames++;
    }

    @Override
    public ChannelLogRecord commit() throws IOException {
      StreamLayout.Trailer trailer = content.commit();
      return ChannelLogRecord.newBuilder()
          .setTo(to)
          .setFrames(frames)
          .setBytes(trailer.bytes())
          .setSha256(trailer.sha256())
          .build();
    }

    @Override
    public void close() throws IOException {
      content.close();
    }
  }
}
