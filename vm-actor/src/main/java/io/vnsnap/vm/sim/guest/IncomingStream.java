package io.vnsnap.vm.sim.guest;

import io.vnsnap.vm.sim.guest.Events.Kind;

/**
 * The receiving half of a stream from one peer: takes pieces in order only, checks every byte
 * against its position, and acknowledges once a turn.
 */
final class IncomingStream {
  private final int index;
  private final Mesh mesh;
  private final Events events;
  private final Word position;
  private final Word owed;

  IncomingStream(int index, Mesh mesh, Events events, Arena arena) {
    this.index = index;
    this.mesh = mesh;
    this.events = events;
    this.position = arena.word();
    this.owed = arena.word();
  }

  long received() {
    return position.get();
  }

  void take(Frame frame) {
    int length = frame.bodyLength() - Long.BYTES;
    owed.set(1);
    if (frame.word(0) != position.get() || length <= 0) {
      return;
    }
    Peer peer = mesh.peer(index);
    int wrong =
        StreamPattern.differences(
            peer.incomingSession(),
            position.get(),
            frame.bytes(),
            Frame.HEADER + Long.BYTES,
            length);
    if (wrong > 0) {
      events.add(Kind.CORRUPT, wrong, peer.name(), position.get(), length);
    }
    position.add(length);
  }

  void turn() {
    if (owed.isSet()) {
      mesh.out().setWord(0, position.get());
      if (mesh.send(index, Message.STREAM_ACK, Long.BYTES)) {
        owed.set(0);
      }
    }
  }
}
