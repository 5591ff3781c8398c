package io.vnsnap.net.trunk;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.vnsnap.net.NetSettings;
import io.vnsnap.net.frame.Drops;
import io.vnsnap.net.frame.Flusher;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.gate.Marker;
import io.vnsnap.net.link.NextHop;
import io.vnsnap.proto.DropCause;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** A trunk with some channels, over a wire that breaks, and the books of what arrives. */
final class TrunkWorld implements AutoCloseable {
  private static final long NETWORK = 7;
  private static final int MAX_ROUNDS = 20_000;

  /** Of so many frames one is sent before it is due, with its number as the time that is left. */
  private static final int EVERY_EARLY = 5;

  /** Both ends of one channel. */
  static final class Line implements NextHop {
    final int number;
    final TrunkHop hop;
    final Drops refused = new Drops();
    int epoch;
    long sent;
    final List<Long> arrived = new ArrayList<>();
    final List<Marker> markers = new ArrayList<>();

    Line(int number, TrunkHop hop) {
      this.number = number;
      this.hop = hop;
    }

    void send(int length) {
      sendTrain(length, 1);
    }

    /** Sends a train; one of the frames that are sent before they are due goes alone. */
    void sendTrain(int length, int most) {
      long first = sent + 1;
      if (first % EVERY_EARLY == 0) {
        sent++;
        count(hop.early(epoch, first, first, content(first, length)), 1);
        return;
      }
      ByteBuf train = Unpooled.buffer();
      int frames = 0;
      while (frames < most && (sent + 1) % EVERY_EARLY != 0) {
        sent++;
        frames++;
        train.writeBytes(content(sent, length));
      }
      count(hop.send(epoch, first, train, frames), frames);
    }

    private void count(boolean queued, int frames) {
      if (!queued) {
        refused.add(DropCause.TRUNK_FULL, frames);
      }
    }

    private ByteBuf content(long sequence, int length) {
      byte[] frame = new byte[length];
      Arrays.fill(frame, (byte) (sequence * 31 + number));
      return Unpooled.buffer(4 + length).writeInt(length).writeBytes(frame);
    }

    void mark() {
      epoch++;
      hop.marker(new Marker(epoch, sent, refused.copy()));
    }

    @Override
    public boolean send(int frameEpoch, long first, ByteBuf train, int frames) {
      int at = train.readerIndex();
      for (int i = 0; i < frames; i++) {
        int end = Framing.end(train, at);
        arrive(frameEpoch, first + i, train.slice(at, end - at));
        at = end;
      }
      assertThat(at).isEqualTo(train.writerIndex());
      return true;
    }

    private void arrive(int frameEpoch, long sequence, ByteBuf framed) {
      if (!arrived.isEmpty()) {
        assertThat(sequence).isGreaterThan(arrived.getLast());
      }
      assertThat(frameEpoch).isEqualTo(markers.isEmpty() ? frameEpoch : lastEpoch(frameEpoch));
      assertThat(framed).isEqualTo(content(sequence, framed.readableBytes() - 4));
      arrived.add(sequence);
    }

    @Override
    public boolean early(int frameEpoch, long sequence, long remainingNanos, ByteBuf framed) {
      assertThat(remainingNanos).isEqualTo(sequence);
      assertThat(sequence % EVERY_EARLY).isZero();
      return send(frameEpoch, sequence, framed, 1);
    }

    /** Epochs never fall behind the last marker. */
    private int lastEpoch(int frameEpoch) {
      return Math.max(frameEpoch, markers.getLast().epoch());
    }

    @Override
    public void marker(Marker marker) {
      markers.add(marker);
      assertThat(arrived.size() + marker.drops().total())
          .as("channel %d at epoch %d: arrived and dropped", number, marker.epoch())
          .isEqualTo(marker.sent());
    }
  }

  final LocalTransport transport = new LocalTransport();
  final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
  final TrunkSettings settings;
  final Trunks trunks;
  final Wire wire;
  final List<Line> lines = new ArrayList<>();
  private final Flusher flusher = new Flusher(transport::nanos);
  private TrunkListener listener;

  TrunkWorld(String changes, int channels, long seed) throws IOException {
    settings =
        NetSettings.from(
                ConfigFactory.parseString(changes).withFallback(ConfigFactory.load()).resolve())
            .trunk();
    listener = newListener();
    wire = new Wire(transport, listener.bind(allocator), seed);
    trunks = new Trunks(transport, allocator, settings.sending(), null, flusher);
    TrunkTarget target = new TrunkTarget("a", "b", "b", wire.port());
    for (int i = 0; i < channels; i++) {
      lines.add(new Line(i, trunks.hop(target, new ChannelAddress(NETWORK, i, 0))));
    }
    listener.add(NETWORK, this::line);
    transport.run();
  }

  private TrunkListener newListener() {
    return new TrunkListener(settings, transport, null, flusher, () -> 0);
  }

  private @Nullable NextHop line(String peer, int from, int to) {
    assertThat(peer).isEqualTo("a");
    return lines.get(from);
  }

  TrunkCounters counters() {
    return listener.counters();
  }

  /** The receiving host is restarted: it remembers no session, and listens elsewhere. */
  void restartReceiver() throws IOException {
    listener.close();
    transport.run();
    listener = newListener();
    listener.add(NETWORK, this::line);
    wire.target(listener.bind(allocator));
  }

  /** Ends the turn of the loop in which something was sent, and does what follows of it. */
  void turn() {
    flusher.flush();
    transport.run();
  }

  void step(int most) {
    wire.step(most);
    transport.run();
  }

  /** One thing out of all that can happen. */
  void act(SplittableRandom random) {
    Line line = lines.get(random.nextInt(lines.size()));
    int what = random.nextInt(100);
    if (what < 40) {
      int length = 14 + random.nextInt(random.nextInt(8) == 0 ? 9000 : 200);
      line.sendTrain(length, 1 + random.nextInt(EVERY_EARLY));
    } else if (what < 44) {
      line.mark();
    } else if (what < 60) {
      turn();
    } else if (what < 95) {
      step(random.nextInt(4) == 0 ? 20_000 : 50);
    } else if (what < 97) {
      wire.breakAll();
      transport.run();
    } else {
      transport.advance(Duration.ofMillis(random.nextInt(200)));
    }
    assertThat(trunks.bytes())
        .as("bytes that wait")
        .isLessThanOrEqualTo(
            settings.sending().queueBytes()
                + settings.sending().markerReserve()
                + 2L * TrunkQueue.BATCH_BYTES);
  }

  /** Lets everything arrive that will. */
  void settle() {
    for (int round = 0; round < MAX_ROUNDS && trunks.bytes() > 0; round++) {
      turn();
      step(100_000);
      if (wire.isIdle()) {
        transport.advance(Duration.ofMillis(100));
      }
    }
    assertThat(trunks.bytes()).as("bytes that were not acknowledged").isZero();
  }

  @Override
  public void close() {
    lines.forEach(line -> line.hop.release());
    listener.close();
    wire.breakAll();
    transport.close();
    assertThat(allocator.metric().usedDirectMemory()).as("buffers in use").isZero();
  }
}
