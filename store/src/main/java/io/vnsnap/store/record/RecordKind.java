package io.vnsnap.store.record;

/** What a stream object holds. */
public enum RecordKind {
  /** Recorded frames of one receiving VNIC. */
  CHANNEL_LOG(2, 256L << 20, "channel log"),
  /** One manifest. */
  MANIFEST(3, 16L << 20, "manifest"),
  /** Which pages an image has. */
  PAGE_MAP(4, 16L << 30, "page map"),
  /** What makes an image's next start faster. */
  HINT(5, 4L << 20, "hint"),
  /** Who writes an image. */
  LEASE(6, 64L << 10, "lease"),
  /** What is about to be removed. */
  CONDEMNED(7, 15L << 20, "list of the condemned");

  /** Number in the header. */
  final int code;

  /** Most bytes of content. */
  public final long maxBytes;

  /** For messages. */
  public final String word;

  RecordKind(int code, long maxBytes, String word) {
    this.code = code;
    this.maxBytes = maxBytes;
    this.word = word;
  }
}
