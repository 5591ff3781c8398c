package io.vnsnap.vm.sim.guest;

/** A program that has traffic with its peers. */
interface Application extends Mesh.Receiver {

  /** First instruction: memory is all zeros. */
  default void boot() {}

  /**
   * Does what is due.
   *
   * @param now the guest's clock, ns
   * @param elapsed time since the last turn, ns, bounded
   * @param sending whether new traffic may begin
   */
  void turn(long now, long elapsed, boolean sending);

  /** Messages sent to all peers, ever. */
  long sent();

  /** Messages received from all peers, ever. */
  long received();

  /** Bytes of stream sent to all peers, ever. */
  default long streamSent() {
    return 0;
  }

  /** Bytes of stream received from all peers, ever. */
  default long streamReceived() {
    return 0;
  }

  /** Checks what must always hold. */
  default void check() {}

  /** What it has to say besides, as {@code key=value} words. */
  String remarks();
}
