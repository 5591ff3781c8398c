package io.vnsnap.vm.sim.guest;

/**
 * An array of variables in a guest's memory.
 *
 * @param memory it is in
 * @param address of the first
 * @param count of them
 */
record Words(GuestMemory memory, int address, int count) {
  Word at(int index) {
    return new Word(memory, addressOf(index));
  }

  long get(int index) {
    return memory.word(addressOf(index));
  }

  void set(int index, long value) {
    memory.setWord(addressOf(index), value);
  }

  void add(int index, long amount) {
    set(index, get(index) + amount);
  }

  private int addressOf(int index) {
    if (index < 0 || index >= count) {
      throw new IndexOutOfBoundsException("word " + index + " of " + count);
    }
    return address + index * Long.BYTES;
  }
}
