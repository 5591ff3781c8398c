package io.vnsnap.store.pages;

import io.vnsnap.store.ImageWriter;
import io.vnsnap.store.map.PageTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes an image: the caller's thread copies each page into the stage and goes on; the workers of
 * {@link Intake} do the rest. Used by one thread.
 */
final class PageImageWriter implements ImageWriter {

  /** What the store does around an image. */
  interface Frame {

    /** Makes the map durable and the image the snapshot's. */
    Committed commit(Session session) throws IOException;

    /** Lets go of everything; what was not committed is given up. */
    void close(Session session) throws IOException;
  }

  private final Intake intake;
  private final Session session;
  private final PageTable table;
  private final Optional<BaseImage> base;
  private final Optional<StagingArea> staging;
  private final UnchangedPages unchanged;
  private final Frame frame;
  private final ByteBuffer zeros;
  private final ByteBuffer restPage;
  private final List<PageSet> given = new ArrayList<>();
  private @Nullable Batch filling;
  private long bytes;
  private long restBytes;
  private long stalledNanos;
  private long turns;
  private boolean ended;
  private boolean closed;

  /**
   * A writer.
   *
   * @param base what blocks hold before pages are given; empty: zeros
   * @param staging where pages wait for later versions; empty: nowhere
   * @param unchanged takes what need not be stored
   */
  PageImageWriter(
      Intake intake,
      Session session,
      Optional<BaseImage> base,
      Optional<StagingArea> staging,
      UnchangedPages unchanged,
      Frame frame) {
    this.intake = intake;
    this.session = session;
    this.table = session.table();
    this.base = base;
    this.staging = staging;
    this.unchanged = unchanged;
    this.frame = frame;
    this.zeros = ByteBuffer.allocateDirect(1 << table.shift());
    this.restPage = ByteBuffer.allocateDirect(1 << table.shift());
    intake.start();
    intake.stage().writerCame();
  }

  @Override
  public int block(String name, long length) throws IOException {
    mustBeOpen();
    int block = table.addBlock(name, length);
    given.add(new PageSet());
    session.blocksChanged();
    if (base.isPresent()) {
      take(base.get(), block, name);
    }
    return block;
  }

  private void take(BaseImage from, int block, String name) throws IOException {
    int source = from.table().block(name);
    long pages = source < 0 ? 0 : Math.min(from.table().pages(source), table.pages(block));
    ByteBuffer content = ByteBuffer.allocate(1 << table.shift());
    for (long page = 0; page < pages; page++) {
      if (from.mustBeStoredAnew(source, page)) {
        from.read(source, page, content.clear());
        page(block, page, content.flip());
      } else if (!from.table().isZero(source, page)) {
        table.copy(block, page, from.table(), source, page);
        given.get(block).add(page);
      }
    }
  }

  @Override
  public void page(int block, long page, ByteBuffer content) throws IOException {
    checkPage(block, page);
    int length = 1 << table.shift();
    if (content.remaining() != length) {
      throw new IllegalArgumentException(
          "a page has %d bytes, not %d".formatted(length, content.remaining()));
    }
    if (content.mismatch(zeros.clear()) < 0) {
      content.position(content.limit());
      zeroPage(block, page);
      return;
    }
    bytes += length;
    if (unchanged.take(block, page, nextTurn(), content)) {
      given.get(block).add(page);
      staging.ifPresent(area -> area.remove(block, page));
      return;
    }
    if (staging.isPresent() && staging.get().put(block, page, content)) {
      return;
    }
    store(block, page, content);
  }

  private void store(int block, long page, ByteBuffer content) throws IOException {
    if (block != PageTable.REST) {
      given.get(block).add(page);
    }
    int turn = nextTurn();
    Batch batch = filling;
    if (batch == null) {
      session.check();
      stalledNanos += intake.stage().reserve();
      batch = new Batch(intake.stage().slab(), session, table.shift());
      filling = batch;
    }
    batch.add(block, page, turn, content);
    if (batch.isFull()) {
      sendBatch();
    }
  }

  private void sendBatch() {
    Batch batch = filling;
    if (batch != null) {
      filling = null;
      intake.send(batch);
    }
  }

  @Override
  public void zeroPage(int block, long page) throws IOException {
    checkPage(block, page);
    bytes += 1L << table.shift();
    staging.ifPresent(area -> area.remove(block, page));
    if (given.get(block).contains(page)) {
      table.putZero(block, page, nextTurn());
    }
  }

  private int nextTurn() throws IOException {
    turns++;
    if (turns > 0xffff_ffffL) {
      throw new IOException("an image takes at most 2^32 pages, repeated ones included");
    }
    return (int) turns;
  }

  private void checkPage(int block, long page) {
    mustBeOpen();
    if (block < 0 || block >= table.blockCount() || page < 0 || page >= table.pages(block)) {
      throw new IllegalArgumentException("there is no page %d of block %d".formatted(page, block));
    }
  }

  @Override
  public void write(ByteBuffer source) throws IOException {
    mustBeOpen();
    while (source.hasRemaining()) {
      int taken = Math.min(source.remaining(), restPage.remaining());
      restPage.put(restPage.position(), source, source.position(), taken);
      restPage.position(restPage.position() + taken);
      source.position(source.position() + taken);
      bytes += taken;
      restBytes += taken;
      if (!restPage.hasRemaining()) {
        sendRestPage();
      }
    }
  }

  private void sendRestPage() throws IOException {
    long page = (restBytes - 1) >>> table.shift();
    table.setRestBytes(restBytes);
    restPage.clear();
    if (restPage.mismatch(zeros.clear()) >= 0
        && !unchanged.take(PageTable.REST, page, nextTurn(), restPage)) {
      store(PageTable.REST, page, restPage);
    }
    restPage.clear();
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public long stalledNanos() {
    return stalledNanos;
  }

  @Override
  public Committed commit() throws IOException {
    mustBeOpen();
    if (restPage.position() > 0) {
      while (restPage.hasRemaining()) {
        restPage.put((byte) 0);
      }
      sendRestPage();
    }
    if (staging.isPresent()) {
      staging.get().drain(this::store);
    }
    sendBatch();
    ended = true;
    session.awaitIdle();
    session.check();
    if (session.needsOpenPacks()) {
      intake.flush();
    }
    session.awaitPacks();
    return frame.commit(session);
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    ended = true;
    session.cancel();
    Batch batch = filling;
    if (batch != null) {
      filling = null;
      intake.stage().giveBack(batch.slab());
    }
    session.awaitIdleUninterruptibly();
    staging.ifPresent(StagingArea::release);
    intake.stage().writerLeft();
    base.ifPresent(BaseImage::close);
    frame.close(session);
  }

  private void mustBeOpen() {
    if (ended) {
      throw new IllegalStateException("the image is committed or closed");
    }
  }
}
