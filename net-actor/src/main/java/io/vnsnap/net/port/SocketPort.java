package io.vnsnap.net.port;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.frame.Flusher;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.frame.RecordSplitter;
import io.vnsnap.net.transport.SocketQueues;
import org.jspecify.annotations.Nullable;

/**
 * The port of a VM under QEMU: the client end of {@code -netdev stream,server=on,addr.type=unix}.
 * Reads always; writes at most a window (and a batch) ahead of the kernel, so that frames beyond it
 * stay where a cut can hold them back. Trains and short frames are gathered in a batch: copying
 * them is cheaper than handing each to the socket layer. Those that lie one behind another in
 * memory that lasts are gathered without a copy.
 */
public final class SocketPort extends ChannelInboundHandlerAdapter
    implements Port, Flusher.Flushable {
  private static final int BATCH_BYTES = 32 * 1024;

  private final Channel channel;
  private final PortEvents events;
  private final Flusher flusher;
  private final SocketQueues queues;
  private final RecordSplitter splitter;
  private final RecordSplitter.Sink sink = this::onRecord;
  private final TrainBuilder trains;
  private ByteBuf batch;

  /** What is to be written next and lies elsewhere; the batch is empty then. */
  private @Nullable ByteBuf run;

  private boolean unflushed;

  /** What the channel says of itself, which costs more to ask for every frame. */
  private boolean writable = true;

  private boolean closed;
  private boolean probed;

  private SocketPort(Channel channel, SocketQueues queues, PortEvents events, Flusher flusher) {
    this.channel = channel;
    this.events = events;
    this.flusher = flusher;
    this.queues = queues;
    this.splitter = new RecordSplitter(channel.alloc(), Framing.MAX_FRAME);
    this.trains = new TrainBuilder(events::received);
    this.batch = newBatch();
  }

  /** Takes over a connected channel that does not read yet; see {@link #start}. */
  static SocketPort on(Channel channel, SocketQueues queues, PortEvents events, Flusher flusher) {
    SocketPort port = new SocketPort(channel, queues, events, flusher);
    channel.pipeline().addLast(port);
    return port;
  }

  /** Starts reading; until then the VM's frames wait in the socket. */
  public void start() {
    channel.config().setAutoRead(true);
  }

  @Override
  public boolean offer(ByteBuf train, boolean lasting) {
    if (!writable || closed) {
      channel.flush();
      if (!writable || closed) {
        return false;
      }
    }
    int from = train.readerIndex() + (probed ? 1 : 0);
    int size = train.writerIndex() - from;
    boolean inPlace = lasting || size > Framing.MAX_TRAIN;
    boolean added = inPlace ? addToRun(train, from, size) : addToBatch(train, from, size);
    if (!added) {
      return false;
    }
    probed = false;
    if (!unflushed) {
      unflushed = true;
      flusher.add(this);
    }
    return true;
  }

  private boolean addToBatch(ByteBuf train, int from, int size) {
    if (run != null || size > batch.writableBytes()) {
      writeBatch();
      if (closed) {
        return false;
      }
    }
    batch.writeBytes(train, from, size);
    return true;
  }

  @SuppressWarnings("ReferenceEquality") // a buffer of the same content is another
  private boolean addToRun(ByteBuf train, int from, int size) {
    if (run != null
        && run.unwrap() == train
        && run.writerIndex() == from
        && run.readableBytes() + size <= BATCH_BYTES) {
      run.writerIndex(from + size);
      return true;
    }
    writeBatch();
    if (closed) {
      return false;
    }
    run = train.retainedDuplicate().setIndex(from, from + size);
    return true;
  }

  private void write(ByteBuf owned) {
    var unused = channel.write(owned, channel.voidPromise());
  }

  /**
   * Hands what is in the batch to the socket layer: the batch itself if it is well filled, else a
   * copy, so that little does not keep much memory while the VM does not take it. Or the run.
   */
  private void writeBatch() {
    if (run != null) {
      ByteBuf gathered = run;
      run = null;
      write(gathered);
      return;
    }
    int size = batch.readableBytes();
    if (size > BATCH_BYTES / 2) {
      ByteBuf full = batch;
      batch = newBatch(); // before the write, which may fail and close this port at once
      write(full);
    } else if (size > 0) {
      ByteBuf copy = channel.alloc().directBuffer(size, size).writeBytes(batch);
      batch.clear();
      write(copy);
    }
  }

  private ByteBuf newBatch() {
    return channel.alloc().directBuffer(BATCH_BYTES, BATCH_BYTES);
  }

  @Override
  public void flushNow() {
    unflushed = false;
    if (!closed) {
      writeBatch();
      channel.flush();
    }
  }

  @Override
  public boolean isOpen() {
    return !closed;
  }

  /**
   * {@inheritDoc}
   *
   * <p>An empty socket alone does not tell: while the guest has no receive buffers, QEMU keeps the
   * frames it took last in a queue of its own, and drops them when the VM is stopped. But it stops
   * reading meanwhile (QEMU's net/stream.c). So when the socket is empty, the first byte of the
   * next frame's length is sent ahead, which is always zero; once QEMU has taken that too, it has
   * handed over what it held.
   */
  @Override
  public boolean isQuiet() {
    if (!isTaken()) {
      return false;
    }
    if (!probed) {
      probed = true;
      batch.writeByte(0); // no frame is as long as 2^24 bytes
      writeBatch();
      channel.flush();
      return false;
    }
    return true;
  }

  private boolean isTaken() {
    if (closed) {
      return false;
    }
    writeBatch();
    channel.flush();
    ChannelOutboundBuffer pending = channel.unsafe().outboundBuffer();
    return !closed && pending != null && pending.isEmpty() && queues.outgoing() == 0;
  }

  @Override
  public boolean isDrained() {
    return !closed && splitter.isBetweenRecords() && queues.incoming() == 0;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      splitter.close();
      batch.release();
      if (run != null) {
        run.release();
        run = null;
      }
      var unused = channel.close();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    trains.begin(in);
    try {
      boolean sound = closed || splitter.split(in, sink);
      trains.end();
      if (!sound) {
        events.malformed(BadInput.OVERSIZED);
        fail(
            "the VM sent a frame of %d bytes, more than the %d that QEMU sends at most: the stream"
                    .formatted(splitter.brokenLength(), Framing.MAX_FRAME)
                + " of frames is broken");
      }
    } finally {
      in.release();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    flusher.flush();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    writable = channel.isWritable();
    if (!closed && writable) {
      events.writable();
      flusher.flush();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (!closed && !splitter.isBetweenRecords()) {
      events.malformed(BadInput.TORN);
    }
    fail(
        splitter.isBetweenRecords()
            ? "the VM closed its network socket"
            : "the VM closed its network socket in the middle of a frame");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    fail("the VM's network socket failed: " + cause);
  }

  private void onRecord(ByteBuf framed) {
    if (framed.readableBytes() < Framing.LENGTH_BYTES + Framing.MIN_FRAME) {
      events.malformed(BadInput.UNDERSIZED);
      return;
    }
    trains.add(framed);
  }

  private void fail(String reason) {
    if (!closed) {
      close();
      events.closed(reason);
    }
  }
}
