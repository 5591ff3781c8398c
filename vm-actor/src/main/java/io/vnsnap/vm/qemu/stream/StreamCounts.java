package io.vnsnap.vm.qemu.stream;

/**
 * How much of a stream was taken apart.
 *
 * @param pages of memory, each as often as it came, zero pages included
 * @param zeroPages those of them that are all zeros
 * @param bytes of the stream
 */
public record StreamCounts(long pages, long zeroPages, long bytes) {

  /** Nothing yet. */
  public static final StreamCounts NONE = new StreamCounts(0, 0, 0);

  /** What came since an earlier count. */
  public StreamCounts since(StreamCounts earlier) {
    return new StreamCounts(
        pages - earlier.pages, zeroPages - earlier.zeroPages, bytes - earlier.bytes);
  }
}
