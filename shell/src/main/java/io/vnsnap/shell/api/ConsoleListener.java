package io.vnsnap.shell.api;

import com.google.protobuf.ByteString;

/**
 * Takes what a serial console says. Called by one thread at a time, in order, on a thread of the
 * client. When {@link ConsoleSession#close()} has returned, at most a call that was under way still
 * ends.
 */
public interface ConsoleListener {

  /**
   * The console said more. The first call brings what it said lately, as far as the host kept it.
   *
   * @param data bytes as the guest wrote them, cut anywhere
   * @param skippedBytes bytes that are missing before {@code data} because this listener, or its
   *     connection, was too slow
   */
  void output(ByteString data, long skippedBytes);

  /**
   * Nothing more will come. Called at most once, and not because of {@link ConsoleSession#close()}.
   *
   * @param reason one line for the person who looks at the console
   */
  void closed(String reason);
}
