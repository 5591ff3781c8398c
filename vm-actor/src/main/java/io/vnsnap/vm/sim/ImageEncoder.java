package io.vnsnap.vm.sim;

import io.vnsnap.vm.sim.guest.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/** Writes the records of an image into a buffer that is emptied from time to time. */
final class ImageEncoder {
  /** Room that is enough for any one record written here. */
  static final int MAX_RECORD_BYTES = SimulatedImage.PAGE_HEAD_BYTES + GuestMemory.PAGE;

  private final ByteBuffer buffer;
  private final CRC32C crc = new CRC32C();
  private long pages;

  ImageEncoder(ByteBuffer buffer) {
    this.buffer = buffer;
  }

  /** Whether any one record still fits. */
  boolean hasRoom() {
    return buffer.remaining() >= MAX_RECORD_BYTES;
  }

  void header(long memoryBytes) {
    buffer.put(SimulatedImage.MAGIC).putShort((short) SimulatedImage.VERSION).put((byte) 1);
    name(SimulatedImage.RAM);
    buffer.putLong(memoryBytes);
  }

  void devices(SimulatedImage.Devices devices) {
    buffer.put((byte) SimulatedImage.DEVICE);
    name(SimulatedImage.CLOCK);
    buffer.putInt(2 * Long.BYTES).putLong(devices.clockNanos()).putLong(devices.nextTick());
  }

  /**
   * One page of a block of memory.
   *
   * @param block number of the block, from 0
   * @param offset in the block, bytes
   */
  void page(int block, long offset, byte[] content) {
    buffer.put((byte) SimulatedImage.PAGE).put((byte) block).putLong(offset).put(content);
    pages++;
  }

  /** The last record. */
  void end() {
    buffer.put((byte) SimulatedImage.END).putLong(pages);
    check();
    buffer.putInt((int) crc.getValue());
  }

  /** What was written since the last call, ready to be read; afterwards the buffer is empty. */
  ByteBuffer take(boolean last) {
    if (!last) {
      check();
    }
    return buffer.flip();
  }

  private void check() {
    crc.update(buffer.duplicate().flip());
  }

  private void name(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
    buffer.put((byte) bytes.length).put(bytes);
  }
}
