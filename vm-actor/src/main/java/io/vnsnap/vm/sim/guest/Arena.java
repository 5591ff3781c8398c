package io.vnsnap.vm.sim.guest;

/**
 * Gives out addresses in a guest's memory, the same ones each time a guest is built from the same
 * command line.
 */
final class Arena {
  private final GuestMemory memory;
  private long next;

  Arena(GuestMemory memory) {
    this.memory = memory;
  }

  GuestMemory memory() {
    return memory;
  }

  Word word() {
    return words(1).at(0);
  }

  Words words(int count) {
    return new Words(memory, bytes(count * Long.BYTES), count);
  }

  /** Words at the beginning of a page of their own; the rest of the last page stays unused. */
  Words pages(int pages) {
    next = (next + GuestMemory.PAGE - 1) / GuestMemory.PAGE * GuestMemory.PAGE;
    return words(pages * GuestMemory.PAGE / Long.BYTES);
  }

  /** Bytes, beginning at a word. */
  int bytes(int count) {
    long address = next;
    next = (next + count + Long.BYTES - 1) / Long.BYTES * Long.BYTES;
    if (next > (long) memory.limit() * GuestMemory.PAGE) {
      throw new IllegalArgumentException(
          "its program needs more than its memory of " + memory.limit() + " pages");
    }
    return Math.toIntExact(address);
  }
}
