package io.vnsnap.vm.sim.guest;

import java.nio.ByteBuffer;

/**
 * The frames that a guest's network cards have put into its memory and that it has not handled yet,
 * in order: for each, VNIC and length as two bytes, then the frame.
 */
final class ReceiveRing {
  private static final int HEAD = 4;

  private final GuestMemory memory;
  private final int start;
  private final int capacity;
  private final Word written;
  private final Word read;
  private final byte[] head = new byte[HEAD];

  ReceiveRing(Arena arena, int pages) {
    this.memory = arena.memory();
    this.written = arena.word();
    this.read = arena.word();
    this.capacity = pages * GuestMemory.PAGE;
    this.start = arena.bytes(capacity);
  }

  boolean isEmpty() {
    return written.get() == read.get();
  }

  /** Returns false, with nothing done, if there is no room. */
  boolean offer(int vnic, byte[] frame, int length) {
    long at = written.get();
    if (capacity - (at - read.get()) < HEAD + length) {
      return false;
    }
    ByteBuffer.wrap(head).putShort((short) vnic).putShort((short) length);
    put(at, head, HEAD);
    put(at + HEAD, frame, length);
    written.set(at + HEAD + length);
    return true;
  }

  /** Moves the oldest frame out. Prerequisite: there is one. */
  void take(Frame into) {
    long at = read.get();
    get(at, head, HEAD);
    ByteBuffer parts = ByteBuffer.wrap(head);
    int vnic = Short.toUnsignedInt(parts.getShort());
    int length = Short.toUnsignedInt(parts.getShort());
    get(at + HEAD, into.bytes(), length);
    into.received(vnic, length);
    read.set(at + HEAD + length);
  }

  private void put(long position, byte[] from, int length) {
    int at = (int) (position % capacity);
    int first = Math.min(length, capacity - at);
    memory.write(start + at, from, 0, first);
    memory.write(start, from, first, length - first);
  }

  private void get(long position, byte[] into, int length) {
    int at = (int) (position % capacity);
    int first = Math.min(length, capacity - at);
    memory.read(start + at, into, 0, first);
    memory.read(start, into, first, length - first);
  }
}
