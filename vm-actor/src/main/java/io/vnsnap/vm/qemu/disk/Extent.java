package io.vnsnap.vm.qemu.disk;

/**
 * A range of a disk whose bytes all lie in one place.
 *
 * @param start first byte in the disk
 * @param length in bytes, positive
 * @param depth of the file in the chain that says what is here, 0 for the uppermost
 * @param zero whether it is known to be all zeros
 * @param offset where it begins in the file at that depth; negative: it is not to be read from
 *     there as it is
 */
record Extent(long start, long length, int depth, boolean zero, long offset) {
  Extent {
    if (start < 0 || length < 1 || depth < 0) {
      throw new IllegalArgumentException("extent of %d bytes at %d".formatted(length, start));
    }
  }

  long end() {
    return start + length;
  }
}
