package io.vnsnap.net;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Stands between a trunk and its listener; breaks or stalls connections when it is told to. */
final class Proxy implements AutoCloseable {
  private static final int CHUNK = 16 * 1024;

  private final ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final Object lock = new Object();
  private final int target;
  private volatile boolean refusing;
  private boolean stalled;
  private @Nullable SplittableRandom random;
  private int mostBytes;
  private long bytesLeft = Long.MAX_VALUE;
  private int breaks;

  Proxy(int target) throws IOException {
    this.target = target;
    Thread.ofPlatform().daemon().start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket in = server.accept();
        if (refusing) {
          in.close();
          continue;
        }
        Socket out = new Socket();
        out.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target));
        sockets.add(in);
        sockets.add(out);
        Thread.ofPlatform().daemon().start(() -> copy(in, out));
        Thread.ofPlatform().daemon().start(() -> copy(out, in));
      }
    } catch (IOException ended) {
      breakAll();
    }
  }

  private void copy(Socket in, Socket out) {
    byte[] chunk = new byte[CHUNK];
    try (in;
        out) {
      InputStream from = in.getInputStream();
      OutputStream to = out.getOutputStream();
      for (int read = from.read(chunk); read >= 0; read = from.read(chunk)) {
        int passed = pass(read);
        to.write(chunk, 0, passed);
        if (passed < read) {
          breakAll();
          return;
        }
      }
    } catch (IOException | InterruptedException broken) {
      Thread.currentThread().interrupt(); // the connection was broken on purpose: this ends
    }
  }

  /** How many of these bytes are passed on before the connection breaks. */
  private int pass(int read) throws InterruptedException {
    synchronized (lock) {
      while (stalled) {
        lock.wait();
      }
      if (read <= bytesLeft) {
        bytesLeft -= random == null ? 0 : read;
        return read;
      }
      int passed = (int) bytesLeft;
      breaks++;
      bytesLeft = random == null ? Long.MAX_VALUE : random.nextInt(mostBytes);
      return passed;
    }
  }

  /** From now on breaks connections again and again, each time after some bytes. */
  void breakAfterUpTo(int bytes, long seed) {
    synchronized (lock) {
      mostBytes = bytes;
      random = new SplittableRandom(seed);
      bytesLeft = random.nextInt(bytes);
    }
  }

  /** Breaks no more by itself. Returns how often it did. */
  int stopBreaking() {
    synchronized (lock) {
      random = null;
      bytesLeft = Long.MAX_VALUE;
      return breaks;
    }
  }

  int breaks() {
    synchronized (lock) {
      return breaks;
    }
  }

  /** Passes nothing on, and reads nothing more than it has; or goes on. */
  void stall(boolean on) {
    synchronized (lock) {
      stalled = on;
      lock.notifyAll();
    }
  }

  /** Loses whatever is in the connections. */
  void breakAll() {
    for (Socket socket : List.copyOf(sockets)) {
      sockets.remove(socket);
      try (socket) {
        socket.setSoLinger(true, 0);
      } catch (IOException closedAlready) {
        System.out.println("Proxy: " + closedAlready.getMessage());
      }
    }
  }

  void refuse(boolean all) {
    refusing = all;
    if (all) {
      breakAll();
    }
  }

  @Override
  public void close() throws IOException {
    stall(false);
    server.close();
    breakAll();
  }
}
