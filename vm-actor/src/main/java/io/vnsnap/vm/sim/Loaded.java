package io.vnsnap.vm.sim;

import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.store.ImageReader;
import io.vnsnap.vm.sim.guest.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What a machine begins with.
 *
 * @param memory of its guest
 * @param devices of it
 */
record Loaded(GuestMemory memory, SimulatedImage.Devices devices) {

  /**
   * Fills memory from an image and checks every byte of that. Blocks.
   *
   * @throws DamagedSnapshotException if the image is damaged, or one of something else
   */
  static Loaded read(GuestMemory memory, ImageReader image) throws IOException {
    Filling filling = new Filling(memory);
    ImageDecoder.read(image, filling);
    SimulatedImage.Devices devices = filling.devices;
    if (image.blocks().size() != 1 || devices == null) {
      throw new DamagedSnapshotException(
          "the image lacks a part of the VM: it has the blocks " + image.blocks());
    }
    return new Loaded(memory, devices);
  }

  private static final class Filling implements ImageDecoder.Sink {
    private final GuestMemory memory;
    private SimulatedImage.@Nullable Devices devices;

    Filling(GuestMemory memory) {
      this.memory = memory;
    }

    @Override
    public void page(ImageReader.Block block, long number, byte[] content) throws IOException {
      if (!block.name().equals(SimulatedImage.RAM) || number >= memory.limit()) {
        throw new DamagedSnapshotException(
            "the image has page " + number + " of " + block.name() + ", the VM has not");
      }
      memory.load((int) number, content);
    }

    @Override
    public void device(String name, ByteBuffer state) throws IOException {
      if (!name.equals(SimulatedImage.CLOCK) || state.remaining() != 2 * Long.BYTES) {
        throw new DamagedSnapshotException(
            "the image has a device " + name + " that the VM has not");
      }
      devices = new SimulatedImage.Devices(state.getLong(), state.getLong());
      if (devices.clockNanos() < 0 || devices.nextTick() < 0) {
        throw new DamagedSnapshotException("the image has a clock before its beginning");
      }
    }
  }
}
