package io.vnsnap.store.pages;

import io.vnsnap.store.ImageReader;
import io.vnsnap.store.map.PageTable;
import io.vnsnap.store.pack.PagePlace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Gives all pages of an image group by group in the order in which they lie in their packs; other
 * threads read, check and decompress the next groups meanwhile. Used by one thread.
 */
final class PageScanner implements ImageReader.PageScan {
  /** Groups that are read ahead: a few MiB. */
  private static final int AHEAD = 24;

  private final PageFinder finder;
  private final PageTable table;
  private final boolean checking;
  private final ScanOrder order;
  private final Deque<FutureTask<Group>> ahead = new ArrayDeque<>();
  private int nextGroup;
  private @Nullable Group group;
  private int inGroup;
  private boolean closed;

  /**
   * A scan.
   *
   * @param checking whether each page's id is recomputed, and the rest is part of the scan
   */
  PageScanner(PageFinder finder, PageTable table, boolean checking) {
    this.finder = finder;
    this.table = table.retain();
    this.checking = checking;
    this.order = ScanOrder.of(table, checking);
  }

  /** Pages that were read together: in one buffer, or one per page where the pack was gone. */
  private static final class Group {
    final int number;
    final byte[][] content;
    final int[] offsets;

    Group(int number, byte[][] content, int[] offsets) {
      this.number = number;
      this.content = content;
      this.offsets = offsets;
    }

    ByteBuffer page(int i, int length) {
      return offsets.length == 0
          ? ByteBuffer.wrap(content[i])
          : ByteBuffer.wrap(content[0], offsets[i], length);
    }
  }

  @Override
  public boolean next() throws IOException {
    if (closed) {
      throw new IllegalStateException("the scan is closed");
    }
    Group current = group;
    if (current != null && ++inGroup < order.size(current.number)) {
      return true;
    }
    while (ahead.size() < AHEAD && nextGroup < order.groups()) {
      int number = nextGroup++;
      var task = new FutureTask<>(() -> load(number));
      ahead.add(task);
      finder.readers().execute(task);
    }
    FutureTask<Group> task = ahead.poll();
    if (task == null) {
      group = null;
      return false;
    }
    group = await(task);
    inGroup = 0;
    return true;
  }

  private static Group await(FutureTask<Group> task) throws IOException {
    try {
      return task.get();
    } catch (InterruptedException e) {
      throw Stage.interrupted(e);
    } catch (ExecutionException | CancellationException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IOException("reading ahead failed: " + e, e);
    }
  }

  private Group load(int number) throws IOException {
    try (PageTable used = table.retain()) {
      return load(used, number);
    }
  }

  private Group load(PageTable table, int number) throws IOException {
    int size = order.size(number);
    int shift = table.shift();
    byte[] pages = finder.group(placeOf(number, 0));
    if (pages == null) {
      byte[][] each = new byte[size][];
      for (int i = 0; i < size; i++) {
        each[i] = finder.page(table, order.block(number, i), order.page(number, i));
      }
      return new Group(number, each, new int[0]);
    }
    int[] offsets = new int[size];
    for (int i = 0; i < size; i++) {
      long where = placeOf(number, i);
      offsets[i] = finder.offset(where, shift, pages);
      if (checking) {
        byte[] content = Arrays.copyOfRange(pages, offsets[i], offsets[i] + (1 << shift));
        finder.check(table, order.block(number, i), order.page(number, i), where, content);
      }
    }
    return new Group(number, new byte[][] {pages}, offsets);
  }

  private long placeOf(int number, int i) {
    long where = table.place(order.block(number, i), order.page(number, i));
    if (where == PagePlace.NONE) {
      throw new IllegalStateException("a page of a group is not zero");
    }
    return where;
  }

  private Group current() {
    Group current = group;
    if (current == null) {
      throw new IllegalStateException("there is no page here");
    }
    return current;
  }

  @Override
  public int block() {
    return order.block(current().number, inGroup);
  }

  @Override
  public long page() {
    return order.page(current().number, inGroup);
  }

  @Override
  public ByteBuffer content() {
    return current().page(inGroup, 1 << table.shift());
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      for (FutureTask<Group> task : ahead) {
        boolean unused = task.cancel(false);
      }
      ahead.clear();
      table.close();
    }
  }
}
