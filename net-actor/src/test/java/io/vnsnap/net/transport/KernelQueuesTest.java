package io.vnsnap.net.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.jna.LastErrorException;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class KernelQueuesTest {

  @Test
  void shouldTellWhatAUnixSocketStillHolds() throws Exception {
    Path folder = Files.createTempDirectory(Path.of("/tmp"), "vn");
    Path path = folder.resolve("s");
    Socket server = Socket.newSocketDomain();
    Socket client = Socket.newSocketDomain();
    try {
      server.bind(new DomainSocketAddress(path.toFile()));
      server.listen(1);
      client.connect(new DomainSocketAddress(path.toFile()));
      Socket peer = new Socket(server.accept(new byte[128]));
      KernelQueues ours = new KernelQueues(client.intValue());
      KernelQueues theirs = new KernelQueues(peer.intValue());
      assertThat(ours.outgoing()).isZero();
      assertThat(theirs.incoming()).isZero();

      ByteBuffer bytes = ByteBuffer.allocateDirect(100);
      client.send(bytes, 0, 100);
      assertThat(ours.outgoing()).isGreaterThanOrEqualTo(100);
      assertThat(theirs.incoming()).isEqualTo(100);

      peer.recv(ByteBuffer.allocateDirect(100), 0, 100);
      assertThat(ours.outgoing()).isZero();
      assertThat(theirs.incoming()).isZero();
      peer.close();
    } finally {
      client.close();
      server.close();
      Files.deleteIfExists(path);
      Files.delete(folder);
    }
  }

  @Test
  void shouldFailOnWhatIsNoSocket() {
    KernelQueues none = new KernelQueues(-1);
    assertThatThrownBy(none::outgoing).isInstanceOf(LastErrorException.class);
    assertThatThrownBy(none::incoming).isInstanceOf(LastErrorException.class);
  }
}
