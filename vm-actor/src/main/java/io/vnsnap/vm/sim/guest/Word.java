package io.vnsnap.vm.sim.guest;

/**
 * A variable in a guest's memory.
 *
 * @param memory it is in
 * @param address of it
 */
record Word(GuestMemory memory, int address) {
  long get() {
    return memory.word(address);
  }

  void set(long value) {
    memory.setWord(address, value);
  }

  void add(long amount) {
    set(get() + amount);
  }

  boolean isSet() {
    return get() != 0;
  }
}
