package io.vnsnap.vm.qemu.lazy;

/** What QEMU says on the return path. */
sealed interface Request {

  /**
   * Some memory is needed now.
   *
   * @param block number of the block in the image
   * @param first number of the first page in the block
   * @param pages how many, at least one
   */
  record Pages(int block, long first, long pages) implements Request {}

  /** It has come to this point of the stream. */
  record Pong(int number) implements Request {}

  /**
   * It needs nothing any more.
   *
   * @param status 0 when all went well
   */
  record Shut(int status) implements Request {}
}
