package io.vnsnap.store.map;

import com.google.protobuf.ByteString;
import java.io.Closeable;

/**
 * A page map as stored.
 *
 * @param name number in the name of its object
 * @param depth how many ancestors it has
 * @param changedPages pages that it and its ancestors name, without the ancestor that has no parent
 * @param root digest of what the image holds
 * @param table all its pages; closed with this
 */
public record PageMap(long name, int depth, long changedPages, ByteString root, PageTable table)
    implements Closeable {
  /** Most ancestors. */
  public static final int MAX_DEPTH = 8;

  /** Whether the table is what the root stands for. */
  public boolean rootIsRight() {
    return MapRoot.of(table).equals(root);
  }

  @Override
  public void close() {
    table.close();
  }
}
