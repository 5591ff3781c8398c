package io.vnsnap.store.map;

import com.google.protobuf.ByteString;
import io.vnsnap.store.ImageReader;
import io.vnsnap.store.pack.PageIds;
import io.vnsnap.store.record.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** The digest of what an image holds, however it is stored. */
final class MapRoot {
  private static final byte[] WORD = "vnsnap image 2".getBytes(StandardCharsets.US_ASCII);

  private MapRoot() {}

  static ByteString of(PageTable table) {
    MessageDigest digest = Sha256.digest();
    digest.update(WORD);
    digest.update((byte) table.shift());
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(table.blockCount()).flip());
    for (ImageReader.Block block : table.blocks()) {
      digest.update(encode(block));
    }
    digest.update(ByteBuffer.allocate(Long.BYTES).putLong(table.restBytes()).flip());
    for (int block = 0; block < table.blockCount(); block++) {
      addIds(digest, table, block);
    }
    addIds(digest, table, PageTable.REST);
    return ByteString.copyFrom(digest.digest());
  }

  /** A block as in the map. */
  static ByteBuffer encode(ImageReader.Block block) {
    byte[] name = block.name().getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(Long.BYTES + 1 + name.length)
        .putLong(block.bytes())
        .put((byte) name.length)
        .put(name)
        .flip();
  }

  private static void addIds(MessageDigest digest, PageTable table, int block) {
    ByteBuffer ids = ByteBuffer.allocate(PageTable.CHUNK_PAGES * PageIds.BYTES);
    long pages = table.pages(block);
    for (long page = 0; page < pages; page += PageTable.CHUNK_PAGES) {
      int count = (int) Math.min(pages - page, PageTable.CHUNK_PAGES);
      table.ids(block, page, count, ids.clear());
      digest.update(ids.flip());
    }
  }
}
