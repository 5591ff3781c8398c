package io.vnsnap.vm.qemu;

import static io.vnsnap.vm.qemu.RunningGuests.get;
import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.store.ImageTarget;
import io.vnsnap.vm.Capture;
import io.vnsnap.vm.Machine;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.MemoryStore;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A restored VM sends what its guest sends, and nothing of QEMU's own: QEMU would announce it by
 * RARP frames, five of them within two seconds, unless it is told not to.
 */
@Timeout(120)
class QemuAnnouncementTest {
  private static final int RARP = 0x8035;
  private static final int TYPE_OFFSET = 12;
  private static final int SECONDS = 4;

  private final RunningGuests guests = new RunningGuests();
  private final MemoryStore store = new MemoryStore();

  @AfterEach
  void end() throws Exception {
    guests.end();
  }

  @Test
  void shouldNotLetQemuAnnounceARestoredVm() throws Exception {
    MachineSpec spec = GuestKit.writing(guests.newFolder(), 128, 16, 1);
    Machine machine = guests.boot(spec);
    try (Console console = new Console(machine.consoleSocket())) {
      get(machine.resume());
      console.awaitTickBeyond(0);
      Capture capture =
          get(
              machine.prepareCapture(
                  store.writeImage(ImageTarget.of("s1", "vne", "vm")), GuestKit.QUIET));
      get(machine.pause());
      get(capture.start());
      get(capture.stored());
    }

    MachineSpec again = GuestKit.writing(guests.newFolder(), 128, 16, 1);
    Machine restored = guests.keep(guests.hypervisor().load(again, store.read("s1", "vm")));
    List<Integer> types = new CopyOnWriteArrayList<>();
    try (Console console = new Console(restored.consoleSocket());
        SocketChannel network = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      network.connect(UnixDomainSocketAddress.of(restored.networkSocket("eth0")));
      Thread reader = Thread.ofVirtual().start(() -> readTypes(network, types));
      get(restored.resume());
      console.awaitTickBeyond(0);
      console.awaitTickBeyond(console.lastTick() + SECONDS);
      assertThat(reader.isAlive()).as("still connected").isTrue();
    }
    assertThat(types).doesNotContain(RARP);
  }

  private static void readTypes(SocketChannel network, List<Integer> types) {
    try {
      DataInputStream frames = new DataInputStream(Channels.newInputStream(network));
      while (true) {
        byte[] frame = frames.readNBytes(frames.readInt());
        types.add(ByteBuffer.wrap(frame).getShort(TYPE_OFFSET) & 0xffff);
      }
    } catch (IOException e) {
      // The test has closed the connection.
    }
  }
}
