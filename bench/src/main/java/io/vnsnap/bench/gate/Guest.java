package io.vnsnap.bench.gate;

import io.vnsnap.bench.BenchmarkException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The socket of a guest's network card, as QEMU has it: a server that one port connects to. */
final class Guest implements AutoCloseable {
  private static final long CONNECT_SECONDS = 30;

  private final Path path;
  private final ServerSocketChannel server;
  private final CompletableFuture<SocketChannel> accepted = new CompletableFuture<>();

  Guest(Path path) throws IOException {
    this.path = path;
    this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    Thread.ofVirtual()
        .start(() -> {
          try {
            accepted.complete(server.accept());
          } catch (IOException e) {
            accepted.completeExceptionally(e);
          }
        });
  }

  Path path() {
    return path;
  }

  /** The connection, blocking; waits for it. */
  SocketChannel socket() throws BenchmarkException, InterruptedException {
    try {
      return accepted.get(CONNECT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new BenchmarkException("nothing has connected to " + path, e);
    }
  }

  @Override
  public void close() {
    try {
      server.close();
      if (accepted.isDone() && !accepted.isCompletedExceptionally()) {
        accepted.join().close();
      }
    } catch (IOException e) {
      System.err.println("bench: closing " + path + ": " + e.getMessage());
    }
  }
}
