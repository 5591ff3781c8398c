package io.vnsnap.host.fake;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;

/** A UNIX socket that takes one connection, as QEMU's do. */
public final class GuestSocket implements AutoCloseable {
  private static final int LENGTH_BYTES = 4;

  private final Path path;
  private final boolean framed;
  private final ServerSocketChannel server;
  private final CompletableFuture<SocketChannel> peer = new CompletableFuture<>();
  private final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
  private final Thread reader = new Thread(this::read, "fake-guest-socket");

  /**
   * Listens.
   *
   * @param framed whether frames with their lengths come, as to a network card
   */
  public GuestSocket(Path path, boolean framed) throws IOException {
    this.path = path;
    this.framed = framed;
    this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    reader.setDaemon(true);
    reader.start();
  }

  private void read() {
    try (SocketChannel connected = server.accept()) {
      peer.complete(connected);
      ByteBuffer buffer = ByteBuffer.allocate(1 << 17);
      while (connected.read(buffer) >= 0) {
        take(buffer.flip());
        buffer.compact();
      }
    } catch (AsynchronousCloseException e) {
      peer.completeExceptionally(e);
    } catch (ClosedChannelException e) {
      peer.completeExceptionally(e);
    } catch (IOException e) {
      peer.completeExceptionally(e);
    }
  }

  private void take(ByteBuffer buffer) {
    if (framed) {
      takeFrames(buffer);
    } else if (buffer.hasRemaining()) {
      add(buffer, buffer.remaining());
    }
  }

  /** A port may send the beginning of a frame's length ahead of the rest. */
  private void takeFrames(ByteBuffer buffer) {
    while (buffer.remaining() >= LENGTH_BYTES
        && buffer.remaining() >= LENGTH_BYTES + buffer.getInt(buffer.position())) {
      add(buffer, LENGTH_BYTES + buffer.getInt(buffer.position()));
    }
  }

  private void add(ByteBuffer buffer, int length) {
    byte[] bytes = new byte[length];
    buffer.get(bytes);
    received.add(bytes);
  }

  /** What arrived: whole frames with their lengths, or bytes in pieces as read. */
  public BlockingQueue<byte[]> received() {
    return received;
  }

  /** Writes bytes; waits for the connection. */
  public void write(byte[] bytes) {
    try {
      ByteBuffer out = ByteBuffer.wrap(bytes);
      while (out.hasRemaining()) {
        peer.join().write(out);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes a frame in QEMU's form. */
  public void writeFrame(byte[] frame) {
    write(ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame).array());
  }

  /** Whether the reading thread still runs. */
  public boolean alive() {
    return reader.isAlive();
  }

  @Override
  public void close() {
    try {
      server.close();
      if (peer.isDone() && !peer.isCompletedExceptionally()) {
        peer.join().close();
      }
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
