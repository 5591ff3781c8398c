package io.vnsnap.store.record;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.vnsnap.proto.ChannelLogRecord;
import io.vnsnap.proto.RecordedFrame;
import io.vnsnap.store.ChannelLogWriter;
import io.vnsnap.store.SnapshotExistsException;
import io.vnsnap.store.place.Place;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;

/** Content of a channel log: per frame its length and the frame. */
public final class ChannelLogs {
  /** Most bytes of one record; a frame has at most 69,632. */
  static final int MAX_RECORD_BYTES = 128 << 10;

  /** Most frames of one log. */
  static final int MAX_FRAMES = 4 << 20;

  private static final RecordKind KIND = RecordKind.CHANNEL_LOG;

  private ChannelLogs() {}

  /** What must still be so when a log is complete. */
  public interface Condition {
    void check() throws IOException;
  }

  /**
   * Begins a log.
   *
   * @param condition asked before the log appears
   */
  public static ChannelLogWriter create(
      Place place, String name, int to, int chunkBytes, long salt, Condition condition)
      throws IOException {
    return new Writer(
        place, RecordWriter.create(place, KIND, name, chunkBytes, salt), name, to, condition);
  }

  /** Reads a log, whole and checked. */
  public static List<RecordedFrame> read(Place place, String name, ChannelLogRecord log)
      throws IOException {
    try (RecordReader reader = open(place, name, log)) {
      List<RecordedFrame> frames = frames(reader, Math.min(log.getFrames(), MAX_FRAMES));
      reader.checkEnd();
      if (frames.size() != log.getFrames()) {
        throw reader.damaged(
            "it has %d frames, the manifest says %d".formatted(frames.size(), log.getFrames()));
      }
      return frames;
    }
  }

  /** Checks that a log is there and is the one that the record speaks of, without reading it. */
  public static void check(Place place, String name, ChannelLogRecord log) throws IOException {
    open(place, name, log).close();
  }

  private static RecordReader open(Place place, String name, ChannelLogRecord log)
      throws IOException {
    RecordReader reader;
    try {
      reader = RecordReader.open(place, KIND, name);
    } catch (NoSuchFileException e) {
      throw Damage.missing(place, KIND.word, name);
    }
    try {
      checkPart(reader, log.getBytes(), log.getSha256());
      return reader;
    } catch (IOException e) {
      try (reader) {
        throw e;
      }
    }
  }

  private static void checkPart(RecordReader reader, long bytes, ByteString sha256)
      throws IOException {
    StreamLayout.Trailer stored = reader.trailer();
    if (stored.bytes() != bytes) {
      throw reader.damaged(
          "it holds %d bytes, the manifest says %d".formatted(stored.bytes(), bytes));
    }
    if (!stored.sha256().equals(sha256)) {
      throw reader.damaged("its SHA-256 is not the manifest's");
    }
  }

  /** The bytes of a log, checked, from the first to the last. */
  interface Content {
    /** Bytes that were not read yet. */
    long left();

    /** The next four of them. */
    int readInt() throws IOException;

    /** The next ones, at least 1 and no more than are left. */
    byte[] read(int length) throws IOException;

    /** Says that they are wrong. */
    IOException damaged(String what);
  }

  /**
   * Reads the frames, to the end of the content.
   *
   * @param most frames that are taken, since a short one takes far more memory than its bytes
   * @throws io.vnsnap.store.DamagedSnapshotException as the content says it, if it is no such log
   */
  static List<RecordedFrame> frames(Content content, long most) throws IOException {
    List<RecordedFrame> frames = new ArrayList<>();
    while (content.left() > 0) {
      if (frames.size() >= most) {
        throw content.damaged("it has more than %d frames".formatted(most));
      }
      int length = content.left() < Integer.BYTES ? 0 : content.readInt();
      if (length < 1 || length > Math.min(MAX_RECORD_BYTES, content.left())) {
        throw content.damaged("the length of frame %d is wrong".formatted(frames.size() + 1));
      }
      try {
        frames.add(RecordedFrame.parseFrom(content.read(length)));
      } catch (InvalidProtocolBufferException e) {
        throw content.damaged(
            "frame %d cannot be read: %s".formatted(frames.size() + 1, e.getMessage()));
      }
    }
    return List.copyOf(frames);
  }

  private static final class Writer implements ChannelLogWriter {
    private final Place place;
    private final RecordWriter content;
    private final String name;
    private final int to;
    private final Condition condition;
    private long frames;
    private long bytes;

    Writer(Place place, RecordWriter content, String name, int to, Condition condition) {
      this.place = place;
      this.content = content;
      this.name = name;
      this.to = to;
      this.condition = condition;
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
      if (frames == MAX_FRAMES || bytesAfter > KIND.maxBytes) {
        throw new IOException(
            "%s is full: a channel log takes %d frames and %s"
                .formatted(name, MAX_FRAMES, Damage.mib(KIND.maxBytes)));
      }
      content.write(ByteBuffer.allocate(Integer.BYTES).putInt(0, record.length));
      content.write(ByteBuffer.wrap(record));
      bytes = bytesAfter;
      frames++;
    }

    @Override
    public ChannelLogRecord commit() throws IOException {
      condition.check();
      StreamLayout.Trailer trailer;
      try {
        trailer = content.commit();
      } catch (FileAlreadyExistsException e) {
        throw new SnapshotExistsException(
            "%s in %s is there already: each channel log of a snapshot is written once"
                .formatted(name, place.describe()));
      }
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
