package io.vnsnap.bench.qemu;

import io.vnsnap.bench.BenchmarkException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;

/** Connects to sockets of processes that are still starting. */
final class UnixSockets {
  private static final long RETRY_MILLIS = 20;

  private UnixSockets() {}

  static SocketChannel connect(Path path, Duration deadline)
      throws BenchmarkException, InterruptedException {
    long end = System.nanoTime() + deadline.toNanos();
    while (true) {
      try {
        return SocketChannel.open(UnixDomainSocketAddress.of(path));
      } catch (IOException e) {
        if (System.nanoTime() > end) {
          throw new BenchmarkException(
              "nobody listens on %s: %s".formatted(path, e.getMessage()), e);
        }
      }
      Thread.sleep(RETRY_MILLIS);
    }
  }
}
