package io.vnsnap.bench.store;

/** What is measured. */
enum Way {
  /** {@code cat} into a file, which is synced. */
  CAT("cat"),
  /** {@code zstd -1 -T2} into a file, which is synced. */
  ZSTD("zstd"),
  /** The first image into an empty page store, committed. */
  STORE("store"),
  /** A second image with 2 % of its pages changed. */
  STORE_SECOND("storeSecond"),
  /** {@code cat} of the copy. */
  CAT_BACK("catBack"),
  /** {@code zstd -d} of the compressed file. */
  ZSTD_BACK("zstdBack"),
  /** All pages of the first image, in the order of the store. */
  STORE_BACK("storeBack"),
  /** All pages of the second image. */
  STORE_SECOND_BACK("storeSecondBack");

  /** In the JSON file. */
  final String key;

  Way(String key) {
    this.key = key;
  }
}
