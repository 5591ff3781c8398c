package io.vnsnap.net.gate;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.frame.Drops;
import io.vnsnap.net.frame.Framing;
import org.jspecify.annotations.Nullable;

/**
 * What a VM sends, on its way through the gate to the link: keeps out and counts what is not
 * permitted.
 */
final class FromVm {
  private final BadInput.Counts refused = new BadInput.Counts();
  private @Nullable Egress egress;
  private long frames;

  void connectTo(Egress link) {
    egress = link;
  }

  /**
   * Passes a train on.
   *
   * @return what was wrong with it, if it is the first that was refused for that; else null
   */
  @Nullable BadInput pass(int epoch, ByteBuf train, int count) {
    long sourceAndType = Framing.sourceAndType(train);
    if (egress == null) {
      return null;
    }
    BadInput fault = egress.fault(sourceAndType);
    if (fault != null) {
      return refuse(fault, count);
    }
    frames += count;
    egress.send(epoch, train, count);
    return null;
  }

  /** Counts; the cause, if it is the first of it; else null. */
  @Nullable BadInput refuse(BadInput cause, int count) {
    return refused.add(cause, count) ? cause : null;
  }

  void mark(int epoch) {
    if (egress != null) {
      egress.mark(epoch);
    }
  }

  void close() {
    if (egress != null) {
      egress.close();
    }
  }

  /** Frames passed on so far; a flooded one is one. */
  long frames() {
    return frames;
  }

  long sent() {
    return egress == null ? 0 : egress.sent();
  }

  long keptBack() {
    return egress == null ? 0 : egress.keptBack();
  }

  Drops lost() {
    return egress == null ? new Drops() : egress.lost();
  }

  BadInput.Counts refused() {
    return refused.copy();
  }
}
