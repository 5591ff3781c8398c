package io.vnsnap.vm.qemu.stream;

import com.google.protobuf.ByteString;
import io.vnsnap.store.DamagedSnapshotException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * What a stream has beside blocks, pages and devices. Stored in front of the devices: the form is
 * in {@code docs/qemu-stream.md}.
 *
 * @param prefix everything before the first section: magic, version, configuration
 * @param ramSection number of the RAM section
 * @param ended whether the RAM section had an END
 * @param commands between the RAM section's PARTs and its END, as they are
 */
public record StreamOutline(ByteString prefix, int ramSection, boolean ended, ByteString commands) {
  /** Length of the prefix, at most. */
  static final int MAX_PREFIX_BYTES = 1024;

  /** Length of the commands, at most. */
  static final int MAX_COMMANDS_BYTES = 1024;

  /** Version of the stored form. */
  static final int VERSION = 1;

  private static final byte[] MAGIC = "VNSQ".getBytes(StandardCharsets.US_ASCII);
  private static final int HEAD_BYTES = 4 + 1 + 1 + Integer.BYTES + 2 * Short.BYTES;
  private static final int ENDED = 1;

  /** Length of the stored form, at most. */
  static final int MAX_BYTES = HEAD_BYTES + MAX_PREFIX_BYTES + MAX_COMMANDS_BYTES;

  /** The stored form. */
  ByteBuffer encode() {
    return ByteBuffer.allocate(HEAD_BYTES + prefix.size() + commands.size())
        .put(MAGIC)
        .put((byte) VERSION)
        .put((byte) (ended ? ENDED : 0))
        .putInt(ramSection)
        .putShort((short) prefix.size())
        .putShort((short) commands.size())
        .put(prefix.asReadOnlyByteBuffer())
        .put(commands.asReadOnlyByteBuffer())
        .flip();
  }

  /**
   * Reads the stored form, and moves the buffer behind it.
   *
   * @throws DamagedSnapshotException if it is anything else
   */
  static StreamOutline decode(ByteBuffer stored) throws IOException {
    if (stored.remaining() < HEAD_BYTES) {
      throw damaged("its outline is cut short");
    }
    byte[] magic = new byte[MAGIC.length];
    stored.get(magic);
    if (!ByteBuffer.wrap(magic).equals(ByteBuffer.wrap(MAGIC))) {
      throw damaged("it is not the image of a VM under QEMU");
    }
    int version = stored.get() & 0xff;
    if (version != VERSION) {
      throw damaged("its outline has version " + version + ", known is " + VERSION);
    }
    int flags = stored.get() & 0xff;
    int ramSection = stored.getInt();
    int prefix = stored.getShort() & 0xffff;
    int commands = stored.getShort() & 0xffff;
    if ((flags & ~ENDED) != 0
        || prefix > MAX_PREFIX_BYTES
        || commands > MAX_COMMANDS_BYTES
        || prefix + commands > stored.remaining()) {
      throw damaged("its outline has wrong flags or lengths");
    }
    return new StreamOutline(
        ByteString.copyFrom(stored, prefix),
        ramSection,
        (flags & ENDED) != 0,
        ByteString.copyFrom(stored, commands));
  }

  static DamagedSnapshotException damaged(String what) {
    return new DamagedSnapshotException("the image cannot be loaded: " + what);
  }
}
