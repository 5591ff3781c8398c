package io.vnsnap.vm.qemu.lazy;

import io.vnsnap.store.ImageReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * Takes messages of the return path off a buffer. They come from a process that a guest may have
 * taken over: what does not make sense is refused, and nothing is kept but the last block. (QEMU,
 * migration/migration.c, source_return_path_thread.)
 */
final class RequestDecoder {
  /** More than the longest message: a request with the longest name of a block. */
  static final int BUFFER_BYTES = 4096;

  private static final int SHUT = 1;
  private static final int PONG = 2;
  private static final int PAGES_OF_BLOCK = 3;
  private static final int PAGES = 4;

  private static final int HEADER_BYTES = 4;
  private static final int RANGE_BYTES = Long.BYTES + Integer.BYTES;
  private static final int MAX_LENGTH = RANGE_BYTES + 1 + 255;

  private final List<ImageReader.Block> blocks;
  private int block = -1;

  RequestDecoder(List<ImageReader.Block> blocks) {
    this.blocks = blocks;
  }

  /**
   * Takes the next message, if all of it is there; else takes nothing.
   *
   * @throws IOException if it is none that a QEMU with these blocks would send
   */
  Optional<Request> next(ByteBuffer from) throws IOException {
    if (from.remaining() < HEADER_BYTES) {
      return Optional.empty();
    }
    int type = Short.toUnsignedInt(from.getShort(from.position()));
    int length = Short.toUnsignedInt(from.getShort(from.position() + Short.BYTES));
    if (length > MAX_LENGTH) {
      throw senseless("a message of type " + type + " and " + length + " bytes");
    }
    if (from.remaining() < HEADER_BYTES + length) {
      return Optional.empty();
    }
    ByteBuffer body = from.slice(from.position() + HEADER_BYTES, length);
    from.position(from.position() + HEADER_BYTES + length);
    return Optional.of(request(type, body));
  }

  private Request request(int type, ByteBuffer body) throws IOException {
    return switch (type) {
      case SHUT -> new Request.Shut(number(type, body));
      case PONG -> new Request.Pong(number(type, body));
      case PAGES_OF_BLOCK, PAGES -> range(type, body);
      default -> throw senseless("a message of type " + type);
    };
  }

  private static int number(int type, ByteBuffer body) throws IOException {
    if (body.remaining() != Integer.BYTES) {
      throw senseless("a message of type " + type + " and " + body.remaining() + " bytes");
    }
    return body.getInt();
  }

  private Request range(int type, ByteBuffer body) throws IOException {
    if (body.remaining() < RANGE_BYTES) {
      throw senseless("a request for pages of " + body.remaining() + " bytes");
    }
    long start = body.getLong();
    long length = Integer.toUnsignedLong(body.getInt());
    if (type == PAGES_OF_BLOCK) {
      block = named(body);
    }
    if (body.hasRemaining()) {
      throw senseless("a request for pages with " + body.remaining() + " bytes too many");
    }
    return pages(start, length);
  }

  private int named(ByteBuffer body) throws IOException {
    int length = body.hasRemaining() ? Byte.toUnsignedInt(body.get()) : -1;
    if (length != body.remaining()) {
      throw senseless("a request for pages whose block's name is cut short");
    }
    String name = StandardCharsets.US_ASCII.decode(body).toString();
    for (int i = 0; i < blocks.size(); i++) {
      if (blocks.get(i).name().equals(name)) {
        return i;
      }
    }
    throw senseless("a request for pages of a block that the image does not have");
  }

  private Request pages(long start, long length) throws IOException {
    if (block < 0) {
      throw senseless("a request for pages that names no block");
    }
    long bytes = blocks.get(block).bytes();
    boolean whole = start % ImageReader.PAGE_BYTES == 0 && length % ImageReader.PAGE_BYTES == 0;
    if (!whole || length == 0 || start < 0 || start > bytes - length) {
      throw senseless(
          "a request for %d bytes at %d of %s, which has %d"
              .formatted(length, start, blocks.get(block).name(), bytes));
    }
    return new Request.Pages(
        block, start / ImageReader.PAGE_BYTES, length / ImageReader.PAGE_BYTES);
  }

  private static IOException senseless(String what) {
    return new IOException("QEMU sent what makes no sense while it was loaded: " + what);
  }
}
