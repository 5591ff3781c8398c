package io.vnsnap.store.pages;

import io.vnsnap.store.map.PageTable;
import io.vnsnap.store.pack.GroupBuilder;
import io.vnsnap.store.pack.PackWriter;
import io.vnsnap.store.pack.Packer;
import io.vnsnap.store.pack.PagePlace;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What the workers know of one image being written: where its pages go, what it was before, and
 * which packs it waits for. Safe for use by several threads.
 */
final class Session implements GroupBuilder.Owner {
  private final Packer packer;
  private final PageTable table;
  private final UsablePacks usable;
  private final Set<PackWriter> packs = new HashSet<>();
  private final AtomicLong added = new AtomicLong();
  private final Optional<PageTable> earlier;
  private volatile int[] earlierBlocks = new int[0];
  private volatile @Nullable Throwable failure;
  private volatile boolean cancelled;
  private int pending;
  private int lastPack = -1;

  /**
   * A session of one writer.
   *
   * @param table takes the pages
   * @param usable what may be referred to
   * @param earlier pages of the VM's earlier image; closed with this
   */
  Session(Packer packer, PageTable table, UsablePacks usable, Optional<PageTable> earlier) {
    this.packer = packer;
    this.table = table;
    this.usable = usable;
    this.earlier = earlier;
  }

  PageTable table() {
    return table;
  }

  UsablePacks usable() {
    return usable;
  }

  /** Says that blocks were added. */
  void blocksChanged() {
    if (earlier.isPresent()) {
      PageTable old = earlier.get();
      int[] blocks = new int[table.blockCount()];
      for (int i = 0; i < blocks.length; i++) {
        blocks[i] = old.block(table.name(i));
      }
      earlierBlocks = blocks;
    }
  }

  /** Whether the VM's earlier image has a page there that is not zero. */
  boolean hasEarlier(int block, long page) {
    if (earlier.isEmpty()) {
      return false;
    }
    PageTable old = earlier.get();
    int oldBlock = earlierBlock(block);
    return oldBlock >= PageTable.REST && page < old.pages(oldBlock) && !old.isZero(oldBlock, page);
  }

  private int earlierBlock(int block) {
    return block == PageTable.REST ? block : earlierBlocks[block];
  }

  /**
   * Where the page is if it is what it was in the VM's earlier image, and may be referred to.
   *
   * @param page one that {@link #hasEarlier}
   * @param id takes its id then
   * @return {@link PagePlace#NONE} if it is not
   */
  long unchanged(int block, long page, long[] nh, long[] id) {
    if (earlier.isEmpty()) {
      return PagePlace.NONE;
    }
    PageTable old = earlier.get();
    int oldBlock = earlierBlock(block);
    if (!old.hasNh(oldBlock, page, nh)) {
      return PagePlace.NONE;
    }
    long place = old.place(oldBlock, page);
    if (!usable.accepts(PagePlace.pack(place))) {
      return PagePlace.NONE;
    }
    old.id(oldBlock, page, id);
    return place;
  }

  /**
   * Says that the image needs a pack.
   *
   * @return false if that pack could not be written: then the page is nowhere
   */
  synchronized boolean needs(int pack) {
    if (pack == lastPack) {
      return true;
    }
    PackWriter writing = packer.writing(pack);
    if (writing != null) {
      lastPack = pack;
      packs.add(writing);
      return true;
    }
    return !packer.hasFailed(pack);
  }

  @Override
  public void stored(long bytes) {
    added.addAndGet(bytes);
  }

  /** What the store grew by for this image's pages, in bytes. */
  long added() {
    return added.get();
  }

  @Override
  public void failed(IOException cause) {
    fail(cause);
  }

  synchronized void fail(Throwable cause) {
    if (failure == null) {
      failure = cause;
    }
  }

  /** Throws what went wrong so far, new each time, as what it was. */
  void check() throws IOException {
    Throwable first = failure;
    if (first instanceof IOException e) {
      throw e;
    }
    if (first != null) {
      throw new IOException("the store's worker failed: " + first, first);
    }
  }

  /** Workers need not do what is still on its way. */
  void cancel() {
    cancelled = true;
  }

  boolean isWorthWorking() {
    return !cancelled && failure == null;
  }

  synchronized void batchSent() {
    pending++;
  }

  synchronized void batchDone() {
    pending--;
    notifyAll();
  }

  /** Waits until nothing is on its way. */
  synchronized void awaitIdle() throws IOException {
    while (pending > 0) {
      try {
        wait();
      } catch (InterruptedException e) {
        throw Stage.interrupted(e);
      }
    }
  }

  /** As {@link #awaitIdle}, for closing: an interrupt is kept for later. */
  synchronized void awaitIdleUninterruptibly() {
    boolean interrupted = false;
    while (pending > 0) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits until all packs that the image needs are durable and indexed. */
  void awaitPacks() throws IOException {
    List<PackWriter> needed;
    synchronized (this) {
      needed = List.copyOf(packs);
    }
    for (PackWriter pack : needed) {
      try {
        PackWriter unused = pack.durable().get();
      } catch (InterruptedException e) {
        throw Stage.interrupted(e);
      } catch (ExecutionException | CompletionException e) {
        fail(e.getCause() == null ? e : e.getCause());
      }
    }
    check();
  }

  /** Whether the image needs the pack that is being filled. */
  synchronized boolean needsOpenPacks() {
    return packs.stream().anyMatch(pack -> !pack.durable().isDone());
  }

  /** Lets go of the earlier image; nothing is on its way any more. */
  void close() {
    earlier.ifPresent(PageTable::close);
  }
}
