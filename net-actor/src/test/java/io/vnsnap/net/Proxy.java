package io.vnsnap.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Stands between a trunk and its listener, and breaks connections when it is told to. */
final class Proxy implements AutoCloseable {
  private final ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final int target;
  private volatile boolean refusing;

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
      }
    } catch (IOException ended) {
      breakAll();
    }
  }

  private static void copy(Socket in, Socket out) {
    try (in;
        out) {
      in.getInputStream().transferTo(out.getOutputStream());
    } catch (IOException broken) {
      Thread.currentThread().interrupt(); // the connection was broken on purpose: this ends
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
    server.close();
    breakAll();
  }
}
