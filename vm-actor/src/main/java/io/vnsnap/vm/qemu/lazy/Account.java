package io.vnsnap.vm.qemu.lazy;

/**
 * What became of a lazy load that went well.
 *
 * @param pages sent, all of the VM's
 * @param known pages that went first because earlier starts had needed them
 * @param requests from QEMU
 * @param needless of these, for pages that were sent or on their way already
 * @param medianNanos from a request's arrival here until its pages were written
 * @param p99Nanos the same for the slowest of a hundred
 * @param maxNanos the same for the slowest
 */
public record Account(
    long pages,
    long known,
    long requests,
    long needless,
    long medianNanos,
    long p99Nanos,
    long maxNanos) {

  @Override
  public String toString() {
    return "%d pages, %d of them first as in earlier starts; %d requests, %d of them for pages on their way, answered in %d us (median), %d us (99 of 100), %d us (all)"
        .formatted(
            pages, known, requests, needless, medianNanos / 1000, p99Nanos / 1000, maxNanos / 1000);
  }
}
