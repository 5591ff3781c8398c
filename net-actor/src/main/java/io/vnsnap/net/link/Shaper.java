package io.vnsnap.net.link;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.frame.Drops;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.gate.Alarm;
import io.vnsnap.net.gate.Egress;
import io.vnsnap.net.gate.LoopClock;
import io.vnsnap.proto.DropCause;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of one VNIC's frames to its link's switch: loses, queues and delays them as the topology
 * says. On the event loop.
 *
 * <p>A frame first waits until those before it have been sent at the link's rate, in a queue of
 * bounded length; then it takes the link's delay. Jitter varies the delay but keeps the order;
 * frames chosen to be reordered skip the delay. Each decision is drawn from the seed, in the order
 * of the frames.
 *
 * <p>When the sender makes a cut, all frames that are here are in flight. They are switched at once
 * and carry the time they have left, so that the markers can follow them: the cut does not wait for
 * the delay, and each channel stays in order. Red frames come behind them as if nothing had been.
 */
public final class Shaper implements Egress {
  private static final Logger LOG = LoggerFactory.getLogger(Shaper.class);
  private static final int MILLION = 1_000_000;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final int BITS = 8;
  private static final int FRAME_OVERHEAD = 256;

  private final String vnic;
  private final Shaping shaping;
  private final LinkSettings settings;
  private final LoopClock clock;
  private final ByteBufAllocator allocator;
  private final SwitchPort next;
  private final SplittableRandom random;
  private final DelayLine delayed = new DelayLine();
  private final DelayLine skipping = new DelayLine();
  private final Alarm nextDue;
  private long bytes;
  private long lineFree;
  private long lastDue;
  private long lastSent;
  private boolean full;
  private boolean closed;

  /**
   * A shaper before a switch.
   *
   * @param vnic that sends, as users know it
   */
  public Shaper(
      String vnic,
      Shaping shaping,
      LinkSettings settings,
      LoopClock clock,
      ByteBufAllocator allocator,
      SwitchPort next) {
    this.vnic = vnic;
    this.shaping = shaping;
    this.settings = settings;
    this.clock = clock;
    this.allocator = allocator;
    this.next = next;
    this.random = new SplittableRandom(shaping.seed());
    this.nextDue = new Alarm(clock, this::sendDue);
    this.lineFree = clock.nanos();
    this.lastDue = lineFree;
    this.lastSent = lineFree;
  }

  @Override
  public @Nullable BadInput fault(long sourceAndType) {
    return next.fault(sourceAndType);
  }

  @Override
  public void send(int epoch, ByteBuf train, int frames) {
    Framing.forEachFrame(train, (framed, number) -> shape(epoch, framed));
  }

  private void shape(int epoch, ByteBuf framed) {
    boolean lost = draw(shaping.lossPpm());
    boolean skips = draw(shaping.reorderPpm());
    long delay = shaping.delayNanos();
    if (shaping.jitterNanos() > 0) {
      delay += random.nextLong(2 * shaping.jitterNanos() + 1) - shaping.jitterNanos();
    }
    if (lost) {
      next.lose(DropCause.SHAPER_LOSS, framed);
      return;
    }
    long now = clock.nanos();
    long length = (long) framed.readableBytes() - Framing.LENGTH_BYTES;
    int cost = framed.readableBytes() + FRAME_OVERHEAD;
    boolean fitsQueue = fitsQueue(now, length);
    if (!fitsQueue || bytes + cost > settings.delayedBytes()) {
      next.lose(DropCause.LINK_FULL, framed);
      noticeFull(fitsQueue);
      return;
    }
    lineFree = Math.max(now, lineFree) + transmission(length);
    long due = lineFree;
    if (!skips) {
      lastDue = Math.max(lastDue, lineFree + delay);
      due = lastDue;
    }
    if (due <= now && earlier().due() > now) {
      next.send(epoch, framed, 1);
    } else {
      keep(skips ? skipping : delayed, epoch, due, framed);
    }
  }

  private boolean draw(int ppm) {
    return ppm > 0 && random.nextInt(MILLION) < ppm;
  }

  private void noticeFull(boolean fitsQueue) {
    if (full) {
      return;
    }
    full = true;
    String bound =
        fitsQueue
            ? "the %d bytes of vnsnap.net.link.delayed-bytes: raise them for this rate and delay"
                .formatted(settings.delayedBytes())
            : "the link's queue of %d bytes: raise the queue or the rate in the topology, unless that is what it is for"
                .formatted(shaping.queueBytes());
    LOG.warn(
        "VNIC {}: frames it sends are dropped and counted (LINK_FULL), beyond {}", vnic, bound);
  }

  /** Whether a frame may wait for the line; one that need not wait for others always may. */
  private boolean fitsQueue(long now, long length) {
    if (shaping.rateBps() == 0 || lineFree <= now) {
      return true;
    }
    double waiting = (double) (lineFree - now) * shaping.rateBps() / NANOS_PER_SECOND / BITS;
    return waiting + length <= shaping.queueBytes();
  }

  /** Time that a frame takes on the line. */
  private long transmission(long length) {
    return shaping.rateBps() == 0
        ? 0
        : Math.ceilDiv(length * BITS * NANOS_PER_SECOND, shaping.rateBps());
  }

  /** Keeps a copy of the frame's own size, so that a small one does not keep a whole read alive. */
  private void keep(DelayLine line, int epoch, long due, ByteBuf framed) {
    int size = framed.readableBytes();
    ByteBuf copy = allocator.directBuffer(size, size);
    copy.writeBytes(framed, framed.readerIndex(), size);
    bytes += size + FRAME_OVERHEAD;
    line.add(epoch, due, copy);
    nextDue.setBy(Math.max(due, lastSent + settings.granularity().toNanos()));
  }

  private void sendDue() {
    long now = clock.nanos();
    lastSent = now;
    for (DelayLine line = earlier(); line.due() <= now; line = earlier()) {
      send(line, 0);
    }
    if (!earlier().isEmpty()) {
      nextDue.setBy(Math.max(earlier().due(), now + settings.granularity().toNanos()));
    }
  }

  /** The line whose first frame is due first. */
  private DelayLine earlier() {
    return skipping.due() < delayed.due() ? skipping : delayed;
  }

  private void send(DelayLine line, long remainingNanos) {
    int epoch = line.epoch();
    ByteBuf framed = line.poll();
    bytes -= framed.readableBytes() + FRAME_OVERHEAD;
    if (remainingNanos > 0) {
      next.sendEarly(epoch, remainingNanos, framed);
    } else {
      next.send(epoch, framed, 1);
    }
    framed.release();
  }

  @Override
  public void mark(int epoch) {
    long now = clock.nanos();
    for (DelayLine line = earlier(); !line.isEmpty(); line = earlier()) {
      send(line, Math.max(0, line.due() - now));
    }
    nextDue.cancel();
    next.mark(epoch);
  }

  @Override
  public long sent() {
    return next.sent();
  }

  @Override
  public Drops lost() {
    return next.lost();
  }

  @Override
  public long keptBack() {
    return (long) delayed.size() + skipping.size();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      nextDue.cancel();
      while (!delayed.isEmpty()) {
        delayed.poll().release();
      }
      while (!skipping.isEmpty()) {
        skipping.poll().release();
      }
    }
  }
}
