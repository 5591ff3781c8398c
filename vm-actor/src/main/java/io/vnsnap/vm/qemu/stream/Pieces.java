package io.vnsnap.vm.qemu.stream;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a stream as they come, in pieces of any length, and its fields, which may lie in
 * more than one piece.
 */
final class Pieces {
  /** No field but a page is longer. */
  static final int MAX_FIELD_BYTES = 512;

  private final ByteBuffer field = ByteBuffer.allocate(MAX_FIELD_BYTES);
  private ByteBuffer piece = ByteBuffer.allocate(0);
  private long pieceAt;
  private long pieceEnd;
  private long fieldAt;
  private int gathered;

  /** Goes on with the next piece, when the one before it was used up. */
  void next(ByteBuffer more) {
    pieceAt = pieceEnd - more.position();
    pieceEnd += more.remaining();
    piece = more;
  }

  /** What is left of the current piece. */
  ByteBuffer piece() {
    return piece;
  }

  /** Where the next byte lies in the stream. */
  long offset() {
    return pieceAt + piece.position();
  }

  /** Where the last field begins in the stream. */
  long fieldAt() {
    return fieldAt;
  }

  /** Whether a field has begun and is not whole. */
  boolean inField() {
    return gathered > 0;
  }

  /**
   * The next field.
   *
   * @param length 1 to {@link #MAX_FIELD_BYTES}; the same until the field is whole
   * @return its bytes, until the next call; null: more pieces must come first
   */
  @Nullable ByteBuffer field(int length) {
    if (gathered == 0) {
      fieldAt = offset();
      field.clear();
    }
    int n = Math.min(length - gathered, piece.remaining());
    field.put(gathered, piece, piece.position(), n);
    piece.position(piece.position() + n);
    gathered += n;
    if (gathered < length) {
      return null;
    }
    gathered = 0;
    return field.limit(length).position(0);
  }
}
