package io.vnsnap.net.link;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.gate.Marker;

/**
 * Where a channel goes from the sender's switch: to the receiving gate, if that is on this host, or
 * to the trunk to its host. Keeps frames and markers in order. On the event loop.
 */
public interface NextHop {

  /**
   * Passes a train on.
   *
   * @param first sequence number; the others follow
   * @param train borrowed; its indices are as before afterwards
   * @param frames in the train
   * @return false if there was no room, and it is lost as a whole
   */
  boolean send(int epoch, long first, ByteBuf train, int frames);

  /**
   * Passes a frame on that its link was still delaying when its sender made a cut; in order with
   * the others.
   *
   * @param remainingNanos that are left of the delay; more than 0
   * @param framed borrowed
   * @return false if there was no room, and it is lost
   */
  boolean early(int epoch, long sequence, long remainingNanos, ByteBuf framed);

  /** Passes a marker on. It is never refused. */
  void marker(Marker marker);
}
