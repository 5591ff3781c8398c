package io.vnsnap.vm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What a hypervisor keeps about an image so that the next start from it is faster. It may be lost,
 * and a start without it is only slower. Methods block; for any thread.
 */
public interface StartHints {

  /** For an image about which nothing is kept. */
  StartHints NONE =
      new StartHints() {
        @Override
        public Optional<ByteBuffer> read() {
          return Optional.empty();
        }

        @Override
        public void keep(ByteBuffer hint) {}
      };

  /** What was kept last. */
  Optional<ByteBuffer> read() throws IOException;

  /** Keeps this in place of what was kept before. */
  void keep(ByteBuffer hint) throws IOException;
}
