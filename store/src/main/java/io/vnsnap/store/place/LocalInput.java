package io.vnsnap.store.place;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file being read by several threads. Java closes a channel when a thread that reads from it is
 * interrupted; the others' channel is then opened again, so that one reader that is cancelled does
 * not fail the rest.
 */
final class LocalInput implements Disk.Input {
  /** How often one read opens the file again. */
  private static final int REOPENINGS = 8;

  private final Path file;
  private volatile FileChannel channel;
  private boolean closed;

  LocalInput(Path file) throws IOException {
    this.file = file;
    this.channel = opened(file);
  }

  private static FileChannel opened(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
  }

  @Override
  public long bytes() throws IOException {
    return channel.size();
  }

  @Override
  public int read(ByteBuffer into, long position) throws IOException {
    int before = into.position();
    for (int reopenings = 0; ; reopenings++) {
      FileChannel used = channel;
      try {
        return used.read(into, position);
      } catch (ClosedByInterruptException e) {
        throw e; // This thread's own interrupt.
      } catch (ClosedChannelException e) {
        if (reopenings == REOPENINGS) {
          throw e;
        }
        into.position(before);
        reopen(used, e);
      }
    }
  }

  private synchronized void reopen(FileChannel broken, ClosedChannelException cause)
      throws IOException {
    if (closed) {
      throw cause;
    }
    if (channel.equals(broken)) {
      channel = opened(file);
    }
  }

  @Override
  public synchronized void close() throws IOException {
    closed = true;
    channel.close();
  }
}
