package io.vnsnap.simulation.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.vnsnap.simulation.kernel.SimulatedProcess;
import io.vnsnap.simulation.kernel.VirtualLoop;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetConnectedException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One end of a connection. */
public final class VirtualSocket extends AbstractChannel {
  private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);
  private static final int MOST_READS = 8;

  private final Wires wires;
  private final String machine;
  private final ChannelConfig config = new DefaultChannelConfig(this);
  private @Nullable Pipe in;
  private @Nullable Pipe out;
  private @Nullable SocketAddress local;
  private @Nullable SocketAddress remote;
  private @Nullable ChannelPromise connecting;
  private boolean closed;
  private boolean readPending;
  private boolean readDue;

  /** One that is not connected. */
  VirtualSocket(Wires wires, String machine) {
    super(null);
    this.wires = wires;
    this.machine = machine;
  }

  /** The accepting end of a connection. */
  VirtualSocket(Wires wires, VirtualListener parent, SocketAddress local, SocketAddress remote) {
    super(parent);
    this.wires = wires;
    this.machine = parent.machine();
    this.local = local;
    this.remote = remote;
  }

  String machine() {
    return machine;
  }

  /** Whose socket it is; null: nobody's yet. */
  @Nullable SimulatedProcess process() {
    if (parent() instanceof VirtualListener listener) {
      return listener.process();
    }
    return isRegistered() ? ((VirtualLoop) eventLoop()).process() : null;
  }

  void join(Pipe incoming, Pipe outgoing) {
    in = incoming;
    out = outgoing;
  }

  @Nullable Pipe incoming() {
    return in;
  }

  @Nullable Pipe outgoing() {
    return out;
  }

  // ---- connecting

  /** The other machine has answered. */
  void connected(SocketAddress from, SocketAddress to) {
    eventLoop()
        .execute(() -> {
          ChannelPromise promise = connecting;
          connecting = null;
          local = from;
          remote = to;
          if (promise != null && !closed) {
            promise.trySuccess();
            pipeline().fireChannelActive();
          } else if (out != null) {
            out.finish();
          }
        });
  }

  /** Nobody is there. */
  void refused(ConnectException why) {
    eventLoop()
        .execute(() -> {
          ChannelPromise promise = connecting;
          connecting = null;
          if (promise != null) {
            promise.tryFailure(why);
          }
          unsafe().close(unsafe().voidPromise());
        });
  }

  // ---- moving bytes

  /** Something can be read. */
  void bytesArrived() {
    if (readPending && !readDue && isRegistered()) {
      readDue = true;
      eventLoop().execute(this::readNow);
    }
  }

  /** Something can be written again. */
  void roomAgain() {
    eventLoop().execute(((Ends) unsafe())::writeNow);
  }

  private void readNow() {
    readDue = false;
    Pipe from = in;
    if (!readPending || closed || from == null) {
      return;
    }
    readPending = false;
    boolean ended = false;
    for (int i = 0; i < MOST_READS && !ended; i++) {
      byte[] next = from.read();
      if (next == null) {
        break;
      }
      ended = next.length == 0;
      if (!ended) {
        pipeline().fireChannelRead(buffer(from, next));
      }
    }
    if (ended) {
      unsafe().close(unsafe().voidPromise());
      return;
    }
    pipeline().fireChannelReadComplete();
    if (readPending && from.hasArrivals()) {
      bytesArrived();
    }
  }

  /** A stream has no pieces: they are read otherwise than they were written. */
  private ByteBuf buffer(Pipe from, byte[] arrived) {
    byte[] now = arrived;
    int length = wires.readLength(arrived.length);
    if (length < arrived.length) {
      now = Arrays.copyOf(arrived, length);
      from.putBack(Arrays.copyOfRange(arrived, length, arrived.length));
    }
    return alloc().directBuffer(now.length).writeBytes(now);
  }

  @Override
  protected void doBeginRead() {
    readPending = true;
    if (in != null && in.hasArrivals()) {
      bytesArrived();
    }
  }

  @Override
  protected void doWrite(ChannelOutboundBuffer buffer) {
    Pipe to = out;
    if (to == null) {
      throw new NotYetConnectedException();
    }
    for (ByteBuf next = (ByteBuf) buffer.current();
        next != null;
        next = (ByteBuf) buffer.current()) {
      if (!next.isReadable()) {
        buffer.remove();
        continue;
      }
      int length = next.readableBytes();
      int written = to.write(next, next.readerIndex(), length);
      buffer.removeBytes(written);
      if (written < length) {
        return;
      }
    }
  }

  // ---- the rest of a channel

  @Override
  protected void doClose() {
    if (closed) {
      return;
    }
    closed = true;
    if (connecting != null) {
      connecting.tryFailure(new ClosedChannelException());
      connecting = null;
    }
    if (out != null) {
      out.finish();
    }
    wires.closed(this);
  }

  @Override
  protected void doDisconnect() {
    doClose();
  }

  @Override
  protected void doBind(SocketAddress address) {
    local = address;
  }

  @Override
  protected AbstractUnsafe newUnsafe() {
    return new Ends();
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return loop instanceof VirtualLoop;
  }

  @Override
  protected @Nullable SocketAddress localAddress0() {
    return local;
  }

  @Override
  protected @Nullable SocketAddress remoteAddress0() {
    return remote;
  }

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public boolean isOpen() {
    return !closed;
  }

  @Override
  public boolean isActive() {
    return !closed && remote != null;
  }

  @Override
  public ChannelMetadata metadata() {
    return METADATA;
  }

  @Override
  public String toString() {
    return "%s: %s to %s".formatted(machine, local, remote);
  }

  /** What pipelines end in. */
  private final class Ends extends AbstractUnsafe {
    @Override
    public void connect(SocketAddress to, @Nullable SocketAddress from, ChannelPromise promise) {
      if (!promise.setUncancellable() || !ensureOpen(promise)) {
        return;
      }
      if (remote != null || connecting != null) {
        promise.tryFailure(new AlreadyConnectedException());
        return;
      }
      connecting = promise;
      wires.connect(VirtualSocket.this, to);
    }

    void writeNow() {
      flush0();
    }
  }
}
