package io.vnsnap.vm.qemu.lazy;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.store.ImageReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * QEMU's end of the connection: takes the stream apart as its loader does, checks every byte of
 * every page, and that none comes twice.
 */
final class FakePeer implements AutoCloseable {
  private final Pipe toPeer = Pipe.open();
  private final Pipe fromPeer = Pipe.open();
  private final DataInputStream in = new DataInputStream(Channels.newInputStream(toPeer.source()));
  private final DataOutputStream out =
      new DataOutputStream(Channels.newOutputStream(fromPeer.sink()));
  private final boolean[][] seen = new boolean[SmallImage.BLOCKS.size()][];
  private final List<Place> order = new ArrayList<>();
  private volatile boolean wireClosed;

  /** A page. */
  record Place(int block, long page) {}

  FakePeer() throws IOException {
    for (int i = 0; i < seen.length; i++) {
      seen[i] = new boolean[(int) (SmallImage.BLOCKS.get(i).bytes() / ImageReader.PAGE_BYTES)];
    }
  }

  /** Our end. */
  Wire wire() {
    return new Wire() {
      @Override
      public int read(ByteBuffer into) throws IOException {
        try {
          return fromPeer.source().read(into);
        } catch (ClosedChannelException e) {
          return -1;
        }
      }

      @Override
      public void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
          toPeer.sink().write(bytes);
        }
      }

      @Override
      public void sever() {
        try {
          fromPeer.source().close();
          toPeer.sink().close();
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }

      @Override
      public void close() {
        sever();
        wireClosed = true;
      }
    };
  }

  boolean wireClosed() {
    return wireClosed;
  }

  /** Pages in the order in which they came. */
  List<Place> order() {
    return order;
  }

  boolean has(int block, long page) {
    return seen[block][(int) page];
  }

  int readByte() throws IOException {
    return in.read();
  }

  byte[] readBytes(int n) throws IOException {
    return in.readNBytes(n);
  }

  void ask(int block, long first, int pages) throws IOException {
    byte[] name = SmallImage.BLOCKS.get(block).name().getBytes(StandardCharsets.US_ASCII);
    out.writeShort(3);
    out.writeShort(8 + 4 + 1 + name.length);
    out.writeLong(first * ImageReader.PAGE_BYTES);
    out.writeInt(pages * ImageReader.PAGE_BYTES);
    out.writeByte(name.length);
    out.write(name);
  }

  void say(int type, int value) throws IOException {
    out.writeShort(type);
    out.writeShort(4);
    out.writeInt(value);
  }

  /**
   * Takes the next section.
   *
   * @return false if it was the end of the stream
   */
  boolean takeSection() throws IOException {
    int kind = in.read();
    return switch (kind) {
      case 0 -> false;
      case 2, 3 -> {
        assertThat(in.readInt()).isEqualTo(2);
        takeEntries();
        assertThat(in.read()).isEqualTo(0x7e);
        assertThat(in.readInt()).isEqualTo(2);
        yield true;
      }
      case -1 -> throw new EOFException();
      default -> throw new AssertionError("section of kind " + kind);
    };
  }

  /** Takes all sections to the end of the stream, and says that all is well. */
  void takeAll() throws IOException {
    while (takeSection()) {
      // Goes on.
    }
    say(1, 0);
  }

  private void takeEntries() throws IOException {
    for (long entry = in.readLong(); (entry & 0xfff) != 0x10; entry = in.readLong()) {
      String name = new String(in.readNBytes(in.read()), StandardCharsets.US_ASCII);
      int block = SmallImage.BLOCKS.stream().map(ImageReader.Block::name).toList().indexOf(name);
      long page = entry / ImageReader.PAGE_BYTES;
      assertThat(seen[block][(int) page]).as("page %d of %s twice", page, name).isFalse();
      seen[block][(int) page] = true;
      order.add(new Place(block, page));
      switch ((int) (entry & 0xfff)) {
        case 0x08 ->
            assertThat(in.readNBytes(ImageReader.PAGE_BYTES))
                .isEqualTo(SmallImage.content(block, page));
        case 0x02 -> {
          assertThat(in.read()).isZero();
          assertThat(SmallImage.content(block, page)).containsOnly(0);
        }
        default -> throw new AssertionError("flags of entry " + Long.toHexString(entry));
      }
    }
  }

  @Override
  public void close() throws IOException {
    toPeer.source().close();
    fromPeer.sink().close();
  }
}
