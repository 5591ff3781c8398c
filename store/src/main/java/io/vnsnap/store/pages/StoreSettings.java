package io.vnsnap.store.pages;

import com.typesafe.config.Config;

/**
 * Sizes of a store in one process, all in bytes unless said otherwise.
 *
 * @param host name of this host, for messages to others
 * @param stageBytes most bytes of pages taken and not yet stored, over all images being written;
 *     writers wait beyond that
 * @param stagingBytes most bytes of pages of captures in rounds that wait in memory for a later
 *     version; what does not fit is stored as it comes
 * @param indexBytes most bytes of the index kept in memory
 * @param historyBytes most bytes kept to compare the next images of the same VMs with: 64 for each
 *     page that is not zero
 * @param cacheBytes most bytes of pages read last, decompressed
 * @param packBytes a pack ends when it has as many
 * @param chunkBytes payload of a stream object covered by one checksum, 4 KiB to 4 MiB
 * @param threads that hash and compress
 * @param level of Zstandard, -7 (fast) to 19
 */
public record StoreSettings(
    String host,
    long stageBytes,
    long stagingBytes,
    long indexBytes,
    long historyBytes,
    long cacheBytes,
    long packBytes,
    int chunkBytes,
    int threads,
    int level) {

  /** Reads {@code vnsnap.store} of the given configuration. */
  public static StoreSettings from(Config config, String host) {
    Config store = config.getConfig("vnsnap.store");
    int threads = store.getInt("threads");
    return new StoreSettings(
        host,
        store.getBytes("stage-bytes"),
        store.getBytes("staging-bytes"),
        store.getBytes("index-bytes"),
        store.getBytes("history-bytes"),
        store.getBytes("cache-bytes"),
        store.getBytes("pack-bytes"),
        Math.toIntExact(store.getBytes("chunk-bytes")),
        threads > 0 ? threads : Runtime.getRuntime().availableProcessors(),
        store.getInt("compression-level"));
  }

  /** What {@code reference.conf} says, on all cores. */
  public static StoreSettings defaults(String host) {
    return new StoreSettings(
        host,
        192L << 20,
        256L << 20,
        64L << 20,
        256L << 20,
        32L << 20,
        64L << 20,
        256 << 10,
        Runtime.getRuntime().availableProcessors(),
        -1);
  }

  /**
   * These sizes, so far as they leave room for one another in the memory that a process may take
   * outside its heap: stage, staging and history a quarter each, the index an eighth. What is left
   * is for tables of pages and whoever else is in the process.
   *
   * @param directBytes all that it may take outside the heap
   */
  StoreSettings within(long directBytes) {
    return new StoreSettings(
        host,
        Math.min(stageBytes, directBytes / 4),
        Math.min(stagingBytes, directBytes / 4),
        Math.min(indexBytes, directBytes / 8),
        Math.min(historyBytes, directBytes / 4),
        cacheBytes,
        packBytes,
        chunkBytes,
        threads,
        level);
  }
}
