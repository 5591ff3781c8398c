package io.vnsnap.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vnsnap.net.gate.TestFrame;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/** The network side of a QEMU process: serves the socket, and has a guest that sends frames. */
final class FakeQemu implements AutoCloseable {

  /** What the guest had sent and taken when it was paused. */
  record Image(List<TestFrame> emitted, List<TestFrame> taken) {}

  private static final int QEMU_READS_AT_ONCE = 69_636;

  private final int vnic;
  private final List<Integer> peers;
  private final ServerSocketChannel server;
  private final List<Thread> threads = new ArrayList<>();
  private final Object guest = new Object();
  private final List<TestFrame> emitted = new ArrayList<>();
  private final List<TestFrame> taken = new ArrayList<>();
  private volatile SocketChannel socket;
  private boolean paused;
  private volatile boolean sending;
  private volatile boolean closed;

  /** Its guest sends to all other VNICs. */
  FakeQemu(Path path, int vnic, int vnics) throws IOException {
    this(path, vnic, IntStream.range(0, vnics).filter(other -> other != vnic).boxed().toList());
  }

  @SuppressWarnings("NullAway.Init") // the socket is there once somebody has connected
  FakeQemu(Path path, int vnic, List<Integer> peers) throws IOException {
    this.vnic = vnic;
    this.peers = peers;
    this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    start(this::serve);
  }

  private void start(Runnable work) {
    threads.add(Thread.ofPlatform().daemon().start(work));
  }

  private void serve() {
    try {
      SocketChannel accepted = server.accept();
      accepted.configureBlocking(false);
      socket = accepted;
      if (closed) {
        accepted.close();
      } else {
        read();
      }
    } catch (IOException e) {
      if (!closed) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private void read() throws IOException {
    ByteBuf kept = Unpooled.buffer();
    ByteBuffer chunk = ByteBuffer.allocate(QEMU_READS_AT_ONCE);
    try (Selector selector = Selector.open()) {
      socket.register(selector, SelectionKey.OP_READ);
      int read = 0;
      while (read >= 0) {
        selector.select();
        selector.selectedKeys().clear();
        // As in QEMU, reading and handing over to the guest is one step that no pause interrupts.
        synchronized (guest) {
          read = socket.read(chunk);
          kept.writeBytes(chunk.flip());
          chunk.clear();
          handOver(kept);
        }
      }
    }
  }

  private void handOver(ByteBuf kept) {
    while (kept.readableBytes() >= 4
        && kept.readableBytes() >= 4 + kept.getInt(kept.readerIndex())) {
      int length = kept.readInt();
      taken.add(TestFrame.parse(kept.readSlice(length)));
    }
    kept.discardReadBytes();
  }

  boolean isConnected() {
    return socket != null;
  }

  /** Sends to everybody, as fast as the pause between bursts allows, until told to stop. */
  void sendAll(long pauseNanos) {
    sending = true;
    SplittableRandom random = new SplittableRandom(vnic);
    start(() -> {
      while (sending) {
        for (int i = 0; i < 8; i++) {
          int to = random.nextInt(peers.size() + 1);
          send(to == peers.size() ? TestFrame.ALL : peers.get(to), 60 + random.nextInt(1455));
        }
        LockSupport.parkNanos(pauseNanos);
      }
    });
  }

  void stopSending() {
    sending = false;
  }

  void send(int to, int length) {
    synchronized (guest) {
      while (paused) {
        try {
          guest.wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
      TestFrame frame = new TestFrame(to, vnic, emitted.size());
      emitted.add(frame);
      write(frame.framed(length).nioBuffer());
    }
  }

  void write(ByteBuffer bytes) {
    try {
      while (bytes.hasRemaining()) {
        if (socket.write(bytes) == 0) {
          LockSupport.parkNanos(20_000);
        }
      }
    } catch (IOException e) {
      sending = false;
      if (!closed) {
        throw new UncheckedIOException(e);
      }
    }
  }

  Image pause() {
    synchronized (guest) {
      paused = true;
      return new Image(List.copyOf(emitted), List.copyOf(taken));
    }
  }

  void resume() {
    synchronized (guest) {
      paused = false;
      guest.notifyAll();
    }
  }

  List<TestFrame> emitted() {
    synchronized (guest) {
      return List.copyOf(emitted);
    }
  }

  List<TestFrame> taken() {
    synchronized (guest) {
      return List.copyOf(taken);
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    sending = false;
    resume();
    server.close();
    if (socket != null) {
      socket.close();
    }
    for (Thread thread : threads) {
      try {
        thread.join(5000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
