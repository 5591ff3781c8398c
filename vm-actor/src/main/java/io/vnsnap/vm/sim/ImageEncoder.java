package io.vnsnap.vm.sim;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/** Writes what an image has beside memory. */
final class ImageEncoder {
  private static final int MOST_BYTES = 256;

  private ImageEncoder() {}

  /**
   * The rest of an image.
   *
   * @param devices as they were at the cut
   */
  static ByteBuffer rest(SimulatedImage.Devices devices) {
    ByteBuffer rest = ByteBuffer.allocate(MOST_BYTES);
    rest.put(SimulatedImage.MAGIC).putShort((short) SimulatedImage.VERSION);
    byte[] name = SimulatedImage.CLOCK.getBytes(StandardCharsets.US_ASCII);
    rest.put((byte) SimulatedImage.DEVICE).put((byte) name.length).put(name);
    rest.putInt(2 * Long.BYTES).putLong(devices.clockNanos()).putLong(devices.nextTick());
    rest.put((byte) SimulatedImage.END);
    CRC32C crc = new CRC32C();
    crc.update(rest.duplicate().flip());
    return rest.putInt((int) crc.getValue()).flip();
  }
}
