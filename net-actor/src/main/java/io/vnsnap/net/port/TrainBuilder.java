package io.vnsnap.net.port;

import io.netty.buffer.ByteBuf;
import io.vnsnap.net.frame.Framing;
import org.jspecify.annotations.Nullable;

/**
 * Joins the frames of a read that form a {@linkplain Framing train}, without touching them. Used by
 * one thread.
 */
final class TrainBuilder {

  /** Takes the trains. */
  @FunctionalInterface
  interface Sink {
    /**
     * Takes the next train.
     *
     * @param train borrowed
     * @param frames that it consists of
     */
    void train(ByteBuf train, int frames);
  }

  private final Sink sink;
  private @Nullable ByteBuf read;
  private int start;
  private int end;
  private int frames;
  private long destination;
  private long sourceAndType;

  TrainBuilder(Sink sink) {
    this.sink = sink;
  }

  /**
   * Begins with what was read.
   *
   * @param in must stay as it is until {@link #end}, but for its indices
   */
  void begin(ByteBuf in) {
    read = in;
    frames = 0;
  }

  /**
   * Takes the next frame; passes on the train before it, unless that goes on.
   *
   * @param framed in the buffer that was read, or, if it came in parts, in another: then it is
   *     passed on at once
   */
  @SuppressWarnings("ReferenceEquality") // a buffer of the same content is another
  void add(ByteBuf framed) {
    if (framed != read) {
      passOn();
      sink.train(framed, 1);
      return;
    }
    long to = Framing.destination(framed);
    long from = Framing.sourceAndType(framed);
    int at = framed.readerIndex();
    if (frames > 0
        && at == end
        && to == destination
        && from == sourceAndType
        && framed.writerIndex() - start <= Framing.MAX_TRAIN) {
      end = framed.writerIndex();
      frames++;
      return;
    }
    passOn();
    start = at;
    end = framed.writerIndex();
    frames = 1;
    destination = to;
    sourceAndType = from;
  }

  /** Passes on what is left. The indices of what was read are as before. */
  void end() {
    passOn();
    read = null;
  }

  private void passOn() {
    ByteBuf train = read;
    if (frames == 0 || train == null) {
      return;
    }
    int readerIndex = train.readerIndex();
    int writerIndex = train.writerIndex();
    train.setIndex(start, end);
    try {
      sink.train(train, frames);
    } finally {
      frames = 0;
      train.setIndex(readerIndex, writerIndex);
    }
  }
}
