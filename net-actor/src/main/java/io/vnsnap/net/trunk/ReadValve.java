package io.vnsnap.net.trunk;

import io.vnsnap.net.transport.Transport;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops the reading of trunks while more waits on this host than it may keep: the last resort, far
 * beyond what one gate may keep, since all VNEs wait then. What stops it, the sending hosts' queues
 * feel, by their connections. On the event loop.
 */
final class ReadValve {
  private static final Logger LOG = LoggerFactory.getLogger(ReadValve.class);
  private static final long POLL_MS = 10;
  private static final long LOG_PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

  /** Of the limit, what may be read between two looks at how much waits, which take a while. */
  private static final int READ_PER_LOOK = 256;

  private final Transport transport;
  private final LongSupplier waitingBytes;
  private final long limit;
  private final Consumer<Boolean> reading;
  private boolean shut;
  private long readSinceLook;
  private long closings;
  private long lastLogNanos;

  /**
   * @param waitingBytes memory of frames that wait on this host
   * @param limit for it
   * @param reading told whether trunks are to be read
   */
  ReadValve(Transport transport, LongSupplier waitingBytes, long limit, Consumer<Boolean> reading) {
    this.transport = transport;
    this.waitingBytes = waitingBytes;
    this.limit = limit;
    this.reading = reading;
  }

  boolean isShut() {
    return shut;
  }

  /** How often it was shut. */
  long closings() {
    return closings;
  }

  /** So many bytes were read. */
  void read(int bytes) {
    readSinceLook += bytes;
  }

  /** To be called when what was read has been passed on. */
  void check() {
    if (readSinceLook < limit / READ_PER_LOOK) {
      return;
    }
    readSinceLook = 0;
    if (shut || waitingBytes.getAsLong() <= limit) {
      return;
    }
    shut = true;
    long now = transport.nanos();
    if (closings == 0 || now - lastLogNanos >= LOG_PAUSE_NANOS) {
      lastLogNanos = now;
      LOG.warn(
          "Trunks are not read for now: more frames wait for the VMs of this host than the {} bytes"
              + " of vnsnap.net.trunk.read-limit",
          limit);
    }
    closings++;
    reading.accept(false);
    checkLater();
  }

  private void checkLater() {
    var unused = transport.loop().schedule(this::openIfPossible, POLL_MS, TimeUnit.MILLISECONDS);
  }

  private void openIfPossible() {
    if (waitingBytes.getAsLong() > limit - limit / 4) {
      checkLater();
    } else {
      shut = false;
      reading.accept(true);
    }
  }
}
