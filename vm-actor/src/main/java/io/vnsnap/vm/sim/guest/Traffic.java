package io.vnsnap.vm.sim.guest;

import io.vnsnap.vm.sim.guest.Events.Kind;
import java.util.ArrayList;
import java.util.List;

/** Numbered datagrams to every peer, and a pattern stream to every peer, as the guest kit has. */
final class Traffic implements Application {
  private static final int DATAGRAM_WORDS = 25;
  private static final int DATAGRAMS_PER_TURN = 512;

  private final Mesh mesh;
  private final Events events;
  private final Hardware hardware;
  private final Word sent;
  private final Word received;
  private final List<Pace> paces = new ArrayList<>();
  private final List<OutgoingStream> outgoing = new ArrayList<>();
  private final List<IncomingStream> incoming = new ArrayList<>();

  Traffic(CommandLine line, Mesh mesh, Events events, Hardware hardware, Arena arena) {
    this.mesh = mesh;
    this.events = events;
    this.hardware = hardware;
    this.sent = arena.word();
    this.received = arena.word();
    for (int i = 0; i < mesh.size(); i++) {
      paces.add(new Pace(arena.word(), line.messageRate(), 1));
      outgoing.add(new OutgoingStream(i, line.streamRate(), mesh, events, arena));
      incoming.add(new IncomingStream(i, mesh, events, arena));
    }
  }

  @Override
  public void turn(long now, long elapsed, boolean sending) {
    for (int i = 0; i < mesh.size(); i++) {
      if (mesh.peer(i).isReachable()) {
        paces.get(i).pass(sending ? elapsed : 0);
        if (sending) {
          sendDatagrams(i);
        }
        outgoing.get(i).turn(now, elapsed, sending);
        incoming.get(i).turn();
      }
    }
  }

  private void sendDatagrams(int index) {
    for (int i = 0; i < DATAGRAMS_PER_TURN && paces.get(index).allows(1); i++) {
      long seed = mesh.peer(index).session() ^ mesh.peer(index).next();
      for (int w = 0; w < DATAGRAM_WORDS; w++) {
        mesh.out().setWord(w, Mixing.pattern(seed, w));
      }
      if (!mesh.send(index, Message.DATAGRAM, DATAGRAM_WORDS * Long.BYTES)) {
        return;
      }
      paces.get(index).take(1);
      sent.add(1);
    }
  }

  @Override
  public void received(int peer, Message message, boolean late, Frame frame) {
    switch (message) {
      case DATAGRAM -> verify(peer, frame);
      case STREAM -> incoming.get(peer).take(frame);
      case STREAM_ACK -> outgoing.get(peer).acknowledge(frame.word(0), hardware.nanos());
      case HELLO, HELLO_ACK, TRANSFER, TOKEN ->
          events.add(Kind.CORRUPT, 1, mesh.peer(peer).name(), 0, message.code());
    }
  }

  private void verify(int peer, Frame frame) {
    received.add(1);
    long seed = frame.session() ^ frame.number();
    for (int w = 0; w < DATAGRAM_WORDS; w++) {
      if (frame.word(w) != Mixing.pattern(seed, w)) {
        events.add(Kind.CORRUPT, 1, mesh.peer(peer).name(), Mixing.pattern(seed, w), frame.word(w));
        return;
      }
    }
  }

  @Override
  public long sent() {
    return sent.get();
  }

  @Override
  public long received() {
    return received.get();
  }

  @Override
  public long streamSent() {
    return outgoing.stream().mapToLong(OutgoingStream::sent).sum();
  }

  @Override
  public long streamReceived() {
    return incoming.stream().mapToLong(IncomingStream::received).sum();
  }

  @Override
  public String remarks() {
    return "program=traffic repeated="
        + outgoing.stream().mapToLong(OutgoingStream::repeated).sum();
  }
}
