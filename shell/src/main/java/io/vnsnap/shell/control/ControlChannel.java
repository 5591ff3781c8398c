package io.vnsnap.shell.control;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.vnsnap.proto.ControlRequest;
import io.vnsnap.proto.ControlResponse;
import io.vnsnap.shell.api.UnreachableException;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A blocking connection to a node's control socket. One thread may send while another receives.
 * Closing it ends what is under way in either.
 */
final class ControlChannel implements AutoCloseable {
  /** No node sends more, whatever its configuration says. */
  static final int MAX_RESPONSE_BYTES = 256 * 1024 * 1024;

  private static final int READ_BYTES = 16 * 1024;
  private static final int MAX_LENGTH_BYTES = 5;

  private final SocketChannel channel;
  private final ByteBuffer in = ByteBuffer.allocate(READ_BYTES).flip();

  /** Why the first request could not be written. */
  private @Nullable IOException unsent;

  private ControlChannel(SocketChannel channel) {
    this.channel = channel;
  }

  static ControlChannel connect(Path socket) throws UnreachableException {
    @Nullable SocketChannel channel = null;
    try {
      channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      channel.connect(UnixDomainSocketAddress.of(socket));
      return new ControlChannel(channel);
    } catch (IOException | RuntimeException e) {
      closeQuietly(channel, e);
      throw new UnreachableException(cannotConnect(socket, e), e);
    }
  }

  private static void closeQuietly(@Nullable SocketChannel channel, Exception reason) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      reason.addSuppressed(e);
    }
  }

  private static String cannotConnect(Path socket, Exception e) {
    if (!Files.exists(socket)) {
      return "no node has its control socket at %s: start one with vnsnap host".formatted(socket);
    }
    if (!Files.isWritable(socket)) {
      return "the control socket %s belongs to another user".formatted(socket);
    }
    return "no node answers at %s (%s): it has ended; start it again"
        .formatted(socket, e.getMessage());
  }

  /**
   * Sends the connection's first request. A node that refuses the connection answers and closes
   * before it has read anything, so that this write may fail while the refusal lies ready: {@link
   * #receive} gives the answer if there is one, and the failure otherwise.
   */
  void sendFirst(ControlRequest request) {
    try {
      send(request);
    } catch (IOException e) {
      unsent = e;
    }
  }

  void send(ControlRequest request) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(delimited(request));
    while (out.hasRemaining()) {
      channel.write(out);
    }
  }

  private static byte[] delimited(MessageLite message) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(message.getSerializedSize() + 8);
    message.writeDelimitedTo(bytes);
    return bytes.toByteArray();
  }

  /** Waits for the next response; null when the node has closed the connection between two. */
  @Nullable ControlResponse receive() throws IOException {
    if (!in.hasRemaining() && !fill()) {
      return null;
    }
    byte[] bytes = new byte[length()];
    int have = 0;
    while (have < bytes.length) {
      if (!in.hasRemaining()) {
        need();
      }
      int n = Math.min(in.remaining(), bytes.length - have);
      in.get(bytes, have, n);
      have += n;
    }
    try {
      return ControlResponse.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new IOException("what the node sent is not a response: another version?", e);
    }
  }

  private int length() throws IOException {
    long length = 0;
    for (int i = 0; i < MAX_LENGTH_BYTES; i++) {
      if (!in.hasRemaining()) {
        need();
      }
      byte b = in.get();
      length |= (long) (b & 0x7f) << (7 * i);
      if (b >= 0) {
        if (length > MAX_RESPONSE_BYTES) {
          throw new IOException("the node announced a response of " + length + " bytes");
        }
        return (int) length;
      }
    }
    throw new IOException("what the node sent is not a response: another version?");
  }

  private void need() throws IOException {
    if (!fill()) {
      throw new EOFException("the node ended in the middle of its answer");
    }
  }

  private boolean fill() throws IOException {
    int n = read();
    if (n <= 0 && unsent != null) {
      throw unsent;
    }
    return n > 0;
  }

  private int read() throws IOException {
    in.clear();
    try {
      return channel.read(in);
    } catch (IOException e) {
      throw unsent == null ? e : unsent;
    } finally {
      in.flip();
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
