package io.vnsnap.net.gate;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.frame.Framing;
import io.vnsnap.net.port.Port;
import io.vnsnap.net.port.PortEvents;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** A port whose socket and VM are two lists on each side. */
final class FakePort implements Port {
  private final PortEvents events;
  private final ArrayDeque<TestFrame> toVm = new ArrayDeque<>();
  private final ArrayDeque<TestFrame> fromVm = new ArrayDeque<>();
  final List<TestFrame> taken = new ArrayList<>();
  private int capacity = Integer.MAX_VALUE;
  private boolean refused;
  private boolean open = true;

  FakePort(PortEvents events) {
    this.events = events;
  }

  /** Frames that fit the socket to the VM. */
  void capacity(int frames) {
    capacity = frames;
    wakeUp();
  }

  /** The VM writes a frame into its socket. */
  void emit(TestFrame frame) {
    fromVm.add(frame);
  }

  /** The loop reads one frame of the VM, if there is one. */
  boolean readOne() {
    TestFrame frame = fromVm.poll();
    if (frame == null) {
      return false;
    }
    ByteBuf framed = frame.framed();
    events.received(framed);
    framed.release();
    return true;
  }

  /** The VM takes one frame out of its socket, if there is one. */
  boolean takeOne() {
    TestFrame frame = toVm.poll();
    if (frame == null) {
      return false;
    }
    taken.add(frame);
    wakeUp();
    return true;
  }

  void takeAll() {
    boolean more = true;
    while (more) {
      more = takeOne();
    }
  }

  /** The VM dies. */
  void die() {
    open = false;
    events.closed("died");
  }

  private void wakeUp() {
    if (refused && toVm.size() < capacity) {
      refused = false;
      events.writable();
    }
  }

  @Override
  public boolean offer(ByteBuf framed) {
    if (!open || toVm.size() >= capacity) {
      refused = true;
      return false;
    }
    toVm.add(TestFrame.parse(framed.slice(Framing.LENGTH_BYTES, framed.readableBytes() - 4)));
    return true;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public boolean isQuiet() {
    return toVm.isEmpty();
  }

  @Override
  public boolean isDrained() {
    return fromVm.isEmpty();
  }

  @Override
  public void close() {
    open = false;
  }
}
