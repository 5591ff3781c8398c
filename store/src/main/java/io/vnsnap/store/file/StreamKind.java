package io.vnsnap.store.file;

/** What a stream file holds. */
enum StreamKind {
  /** A hypervisor's stream, as long as it is. */
  IMAGE(1, Long.MAX_VALUE / 2, "image"),
  /** Recorded frames of one receiving VNIC. */
  CHANNEL_LOG(2, 256L << 20, "channel log"),
  /** One manifest. */
  MANIFEST(3, 16L << 20, "manifest");

  /** Number in the header. */
  final int code;

  /** Most bytes of content. */
  final long maxBytes;

  /** For messages. */
  final String word;

  StreamKind(int code, long maxBytes, String word) {
    this.code = code;
    this.maxBytes = maxBytes;
    this.word = word;
  }
}
