package io.vnsnap.net.port;

import io.netty.buffer.ByteBuf;

/**
 * Where a VM's network card is plugged in. Frames are {@linkplain io.vnsnap.net.frame.Framing
 * framed}. All methods are called on the event loop; none blocks.
 */
public interface Port {

  /** What a VNIC has before it is connected: takes nothing, gives nothing. */
  Port ABSENT =
      new Port() {
        @Override
        public boolean offer(ByteBuf train, boolean lasting) {
          return false;
        }

        @Override
        public boolean isOpen() {
          return false;
        }

        @Override
        public boolean isQuiet() {
          return true;
        }

        @Override
        public boolean isDrained() {
          return true;
        }

        @Override
        public void close() {
          // nothing is there to be closed
        }
      };

  /**
   * Hands a train to the VM, or a single frame.
   *
   * @param train stays the caller's
   * @param lasting whether its bytes stay as they are for as long as they are retained, so that
   *     they can be sent from where they lie; else they are copied
   * @return false, with nothing done, when the VM is not taking frames just now; {@link
   *     PortEvents#writable} follows when it is worth trying again
   */
  boolean offer(ByteBuf train, boolean lasting);

  /** Whether the VM is still at the other end. */
  boolean isOpen();

  /** Whether the VM has taken every byte that was handed to it. */
  boolean isQuiet();

  /** Whether everything the VM has sent so far was read, and the last frame of it was whole. */
  boolean isDrained();

  /** Lets the VM go. No event follows. May be called twice. */
  void close();
}
