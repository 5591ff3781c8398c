package io.vnsnap.shell.api;

import com.google.protobuf.ByteString;
import java.util.concurrent.CompletionStage;

/** An attached serial console. May be used by several threads. */
public interface ConsoleSession extends AutoCloseable {

  /** Most bytes that one {@link #input} takes. */
  int MAX_INPUT_BYTES = 4096;

  /**
   * Types into the console. The stage completes when the bytes have been handed on, not when the
   * guest has read them; send the next bytes after it, so that a slow cluster slows the sender.
   *
   * @param data at most {@link #MAX_INPUT_BYTES} bytes
   * @throws IllegalArgumentException if it is more
   */
  CompletionStage<Void> input(ByteString data);

  /** Detaches; the guest goes on. Closing twice is allowed. */
  @Override
  void close();
}
