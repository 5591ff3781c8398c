package io.vnsnap.vm.sim.guest;

/** The devices of a guest's machine, on the machine's event loop. */
public interface Hardware {

  /**
   * The guest's clock: nanoseconds it has run since it was started; stands still while it is
   * paused, and goes on after a restore.
   */
  long nanos();

  /**
   * Sends a frame.
   *
   * @param vnic number of the VNIC
   * @param frame Ethernet frame; copied
   * @param length bytes of it
   * @return false, with nothing sent, if the VNIC takes no frames just now
   */
  boolean send(int vnic, byte[] frame, int length);

  /** Prints a line on the console. */
  void print(String line);
}
