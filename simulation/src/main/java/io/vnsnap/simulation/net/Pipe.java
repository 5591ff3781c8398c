package io.vnsnap.simulation.net;

import io.netty.buffer.ByteBuf;
import io.vnsnap.simulation.kernel.Event;
import io.vnsnap.simulation.kernel.Kernel;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a connection: what was written and not read yet, at most a bound, in order. It
 * arrives after the route's delay.
 */
final class Pipe {
  private static final int MOST_READ = 64 * 1024;

  private final Kernel kernel;
  private final Route route;
  private final int capacity;
  private final ArrayDeque<Piece> underway = new ArrayDeque<>();
  private final ArrayDeque<byte[]> arrived = new ArrayDeque<>();
  private @Nullable VirtualSocket writer;
  private @Nullable VirtualSocket reader;
  private @Nullable Event arrival;
  private long lastDue;
  private int bytes;
  private boolean writerWaits;
  private boolean finished;

  /** What travels. */
  private static final class Piece {
    /** Empty: the end. */
    final byte[] content;

    final long due;

    Piece(byte[] content, long due) {
      this.content = content;
      this.due = due;
    }
  }

  /** How a pipe's bytes travel. */
  interface Route {

    /** Nanoseconds that the next piece takes. */
    long delay();

    /** When something that is due now can arrive: now, or when the route is open again. */
    long opensAt();
  }

  Pipe(Kernel kernel, Route route, int capacity) {
    this.kernel = kernel;
    this.route = route;
    this.capacity = capacity;
  }

  void join(VirtualSocket from, VirtualSocket to) {
    writer = from;
    reader = to;
  }

  /**
   * Takes as much as fits.
   *
   * @return bytes taken; less than there are: the writer is told when there is room again
   */
  int write(ByteBuf from, int index, int length) {
    int taken = Math.min(length, capacity - bytes);
    if (taken < length) {
      writerWaits = true;
    }
    if (taken > 0) {
      byte[] content = new byte[taken];
      from.getBytes(index, content);
      bytes += taken;
      send(content);
    }
    return taken;
  }

  /** The writer is gone; the reader finds the end after what was written. */
  void finish() {
    if (!finished) {
      finished = true;
      send(new byte[0]);
    }
  }

  /** What is under way is lost, and the end comes in its place. */
  void breakOff() {
    underway.forEach(piece -> bytes -= piece.content.length);
    underway.clear();
    finished = true;
    lastDue = kernel.nanos();
    send(new byte[0]);
  }

  private void send(byte[] content) {
    lastDue = Math.max(lastDue, kernel.nanos() + route.delay());
    underway.add(new Piece(content, lastDue));
    expectArrival();
  }

  private void expectArrival() {
    Piece next = underway.peek();
    if (next != null && (arrival == null || arrival.isOver())) {
      arrival = kernel.after(next.due - kernel.nanos(), kernel.outside(), this::arrive);
    }
  }

  private void arrive() {
    long opens = route.opensAt();
    if (opens > kernel.nanos()) {
      arrival = kernel.after(opens - kernel.nanos(), kernel.outside(), this::arrive);
      return;
    }
    while (!underway.isEmpty() && underway.element().due <= kernel.nanos()) {
      arrived.add(underway.remove().content);
    }
    expectArrival();
    if (reader != null) {
      reader.bytesArrived();
    }
  }

  /** The next bytes, or an empty array at the end; null: none now. */
  byte @Nullable [] read() {
    byte[] next = arrived.poll();
    if (next == null) {
      return null;
    }
    if (next.length == 0) {
      arrived.addFirst(next);
      return next;
    }
    byte[] read = joined(next);
    bytes -= read.length;
    if (writerWaits && writer != null) {
      writerWaits = false;
      writer.roomAgain();
    }
    return read;
  }

  /** A read takes all that is there, however it was written. */
  private byte[] joined(byte[] first) {
    byte[] all = first;
    for (byte[] next = arrived.peek();
        next != null && next.length > 0 && all.length + next.length <= MOST_READ;
        next = arrived.peek()) {
      int length = all.length;
      all = Arrays.copyOf(all, length + next.length);
      System.arraycopy(arrived.remove(), 0, all, length, next.length);
    }
    return all;
  }

  /** Puts back the rest of what was read. */
  void putBack(byte[] rest) {
    bytes += rest.length;
    arrived.addFirst(rest);
  }

  boolean hasArrivals() {
    return !arrived.isEmpty();
  }

  /** Bytes written and not read. */
  int bytes() {
    return bytes;
  }
}
