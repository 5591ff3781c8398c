package io.vnsnap.vm.qemu.stream;

import com.google.protobuf.ByteString;
import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Everything of a stored stream but its memory.
 *
 * @param outline of the stream
 * @param tail devices, end mark and description, as QEMU wrote them
 */
public record StoredRest(StreamOutline outline, ByteString tail) {
  /** Length of outline and tail together, at most; a VM with a screen and many cards has 1 MiB. */
  public static final int MAX_BYTES = 64 << 20;

  private static final int PIECE_BYTES = 64 * 1024;

  /**
   * Reads an image's rest whole. Blocks; does not close the image.
   *
   * @throws DamagedSnapshotException if it is damaged, or not the rest of a stream
   */
  public static StoredRest read(ImageReader image) throws IOException {
    ByteString.Output whole = ByteString.newOutput();
    ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
    while (image.read(piece.clear()) >= 0) {
      if (whole.size() + piece.position() > MAX_BYTES) {
        throw StreamOutline.damaged("its devices have more than " + MAX_BYTES + " bytes");
      }
      whole.write(piece.array(), 0, piece.position());
    }
    ByteBuffer stored = whole.toByteString().asReadOnlyByteBuffer();
    StreamOutline outline = StreamOutline.decode(stored);
    StoredRest rest = new StoredRest(outline, ByteString.copyFrom(stored));
    if (EndMark.devicesIn(rest.tail) < 0) {
      throw StreamOutline.damaged("its devices are cut short");
    }
    return rest;
  }

  /** The FULL sections of all devices, without the end mark and the description behind them. */
  public ByteString devices() {
    return tail.substring(0, EndMark.devicesIn(tail));
  }
}
