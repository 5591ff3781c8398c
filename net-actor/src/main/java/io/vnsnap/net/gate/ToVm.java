package io.vnsnap.net.gate;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.port.Port;
import io.vnsnap.proto.DropCause;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The last step to a VM: hands it frames as it takes them, in order; the rest waits in the backlog.
 * A frame counts as delivered when the port has taken it. Counts what cannot be delivered.
 */
final class ToVm {
  private final WaitingLine line;
  private final Consumer<DropCause> firstDrop;
  private final Set<DropCause> dropping = EnumSet.noneOf(DropCause.class);
  private Port port = Port.ABSENT;
  private boolean pumping;

  /**
   * @param firstDrop hears of the first frame that is dropped for each cause
   */
  ToVm(WaitingLine line, Consumer<DropCause> firstDrop) {
    this.line = line;
    this.firstDrop = firstDrop;
  }

  void plug(Port connected) {
    port = connected;
  }

  Port port() {
    return port;
  }

  /**
   * Hands a train over that has not waited; puts into the backlog what the VM does not take now.
   *
   * @param recordedIn epoch of the log that it lies in, where it stays as it is; or {@link
   *     Waiting#NEVER}
   */
  void deliver(
      InChannel channel, int epoch, long first, int recordedIn, ByteBuf train, int frames) {
    if (line.isBacklogEmpty() && port.offer(train, recordedIn != Waiting.NEVER)) {
      channel.countDelivered(frames);
      return;
    }
    Framing.forEachFrame(
        train, (framed, number) -> deliver(channel, epoch, first + number, recordedIn, framed));
  }

  /** Hands a frame over that has not waited, or puts it into the backlog. */
  void deliver(InChannel channel, int epoch, long sequence, int recordedIn, ByteBuf framed) {
    if (port.isOpen() && offer(framed)) {
      channel.countDelivered(1);
    } else if (!port.isOpen()) { // which may have been found out just now
      drop(channel, DropCause.VM_GONE);
    } else {
      Waiting frame = line.admit(channel, epoch, sequence, Waiting.AT_THE_CUT, framed);
      if (frame == null) {
        drop(channel, DropCause.QUEUE_FULL);
      } else {
        frame.recordedIn = recordedIn;
        line.addBacklog(frame);
      }
    }
  }

  private boolean offer(ByteBuf framed) {
    return line.isBacklogEmpty() && port.offer(framed, false);
  }

  /** Hands a frame over that has waited, or puts it into the backlog. */
  void deliver(Waiting item, ByteBuf framed) {
    InChannel channel = item.channel;
    if (port.isOpen() && offer(framed)) {
      channel.countDelivered(1);
      line.release(item);
    } else if (!port.isOpen()) {
      drop(channel, DropCause.VM_GONE);
      line.release(item);
    } else {
      line.addBacklog(item);
    }
  }

  /** Hands over what the VM takes of the backlog. */
  void pump() {
    if (pumping) {
      return;
    }
    pumping = true;
    for (Waiting next = line.peekBacklog();
        next != null && next.frame != null && port.offer(next.frame, false);
        next = line.peekBacklog()) {
      line.pollBacklog();
      next.channel.countDelivered(1);
      line.release(next);
    }
    pumping = false;
  }

  /** The VM is gone, and with it what it has not taken. */
  void gone() {
    while (!line.isBacklogEmpty()) {
      Waiting lost = line.pollBacklog();
      drop(lost.channel, DropCause.VM_GONE);
      line.release(lost);
    }
  }

  /** Counts a frame that the VM will not get. */
  void drop(InChannel channel, DropCause cause) {
    channel.drop(cause);
    if (dropping.add(cause)) {
      firstDrop.accept(cause);
    }
  }
}
