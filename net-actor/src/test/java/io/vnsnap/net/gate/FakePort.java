package io.vnsnap.net.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vnsnap.net.port.Port;
import io.vnsnap.net.port.PortEvents;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** A port whose socket and VM are two lists on each side. */
final class FakePort implements Port {
  private final PortEvents events;
  private final ArrayDeque<Supplier<TestFrame>> toVm = new ArrayDeque<>();
  private final ArrayDeque<TestFrame> fromVm = new ArrayDeque<>();
  final List<TestFrame> taken = new ArrayList<>();
  private int capacity = Integer.MAX_VALUE;
  private int longestTrain = 1;
  private int reads;
  private boolean refused;
  private boolean doomed;
  private boolean open = true;

  FakePort(PortEvents events) {
    this.events = events;
  }

  /** Frames that fit the socket to the VM. */
  void capacity(int frames) {
    capacity = frames;
    wakeUp();
  }

  /** How many frames are read at once, at most; it is never more than have the same address. */
  void longestTrain(int frames) {
    longestTrain = frames;
  }

  /** The VM writes a frame into its socket. */
  void emit(TestFrame frame) {
    fromVm.add(frame);
  }

  /** The loop reads a train of the VM, if there is a frame; each read takes another length. */
  boolean readTrain() {
    TestFrame first = fromVm.peek();
    if (first == null) {
      return false;
    }
    ByteBuf train = Unpooled.buffer();
    int most = 1 + reads++ % longestTrain;
    int frames = 0;
    for (TestFrame next = first;
        next != null && next.to() == first.to() && frames < most;
        next = fromVm.peek()) {
      train.writeBytes(fromVm.remove().framed());
      frames++;
    }
    events.received(train, frames);
    assertThat(train.readableBytes()).isEqualTo(frames * first.framed().readableBytes());
    train.release();
    return true;
  }

  /** The VM takes one frame out of its socket, if there is one. */
  boolean takeOne() {
    Supplier<TestFrame> frame = toVm.poll();
    if (frame == null) {
      return false;
    }
    taken.add(frame.get());
    wakeUp();
    return true;
  }

  void takeAll() {
    boolean more = true;
    while (more) {
      more = takeOne();
    }
  }

  /** The VM dies, and the next frame that is handed to it finds that out. */
  void dieWhenOffered() {
    doomed = true;
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
  public boolean offer(ByteBuf train, boolean lasting) {
    if (doomed && open) {
      die();
    }
    List<TestFrame> frames = TestFrame.parseTrain(train);
    if (!open || toVm.size() + frames.size() > capacity) {
      refused = true;
      return false;
    }
    // Bytes that last are read as late as they may be, as a socket does it.
    ByteBuf lent = lasting ? train.retainedDuplicate() : Unpooled.EMPTY_BUFFER;
    for (int i = 0; i < frames.size(); i++) {
      int number = i;
      toVm.add(lasting ? () -> TestFrame.parseTrain(lent).get(number) : () -> frames.get(number));
    }
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
