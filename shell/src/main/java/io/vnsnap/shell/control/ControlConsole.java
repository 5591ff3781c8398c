package io.vnsnap.shell.control;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.ConsoleAttach;
import io.vnsnap.proto.ConsoleInput;
import io.vnsnap.proto.ConsoleOutput;
import io.vnsnap.proto.ConsoleRequest;
import io.vnsnap.proto.ControlRequest;
import io.vnsnap.proto.ControlResponse;
import io.vnsnap.shell.api.ConsoleListener;
import io.vnsnap.shell.api.ConsoleSession;
import io.vnsnap.shell.api.UnreachableException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A serial console over the control socket. A virtual thread of its own reads and calls the
 * listener, which may therefore block: the node keeps a bounded amount of output meanwhile.
 */
final class ControlConsole implements ConsoleSession {
  private final String vne;
  private final String vm;
  private final ConsoleListener listener;
  private final CompletableFuture<ControlChannel> channel = new CompletableFuture<>();
  private final ExecutorService writer =
      Executors.newSingleThreadExecutor(Thread.ofVirtual().name("vnsnap-console-input").factory());
  private volatile boolean closed;

  private ControlConsole(String vne, String vm, ConsoleListener listener) {
    this.vne = vne;
    this.vm = vm;
    this.listener = listener;
  }

  static ControlConsole attach(Path socket, String vne, String vm, ConsoleListener listener) {
    ControlConsole console = new ControlConsole(vne, vm, listener);
    Thread.ofVirtual().name("vnsnap-console-output").start(() -> console.run(socket));
    return console;
  }

  private void run(Path socket) {
    String reason;
    try (ControlChannel connected = ControlChannel.connect(socket)) {
      connected.sendFirst(request(b -> b.setAttach(ConsoleAttach.getDefaultInstance())));
      channel.complete(connected);
      reason = forward(connected);
    } catch (UnreachableException e) {
      reason = String.valueOf(e.getMessage());
    } catch (IOException e) {
      reason = "the connection to the node at %s broke: %s".formatted(socket, e.getMessage());
    }
    channel.completeExceptionally(new UnreachableException(reason, null));
    writer.shutdown();
    if (!closed) {
      listener.closed(reason);
    }
  }

  /** Hands output on until there is no more; returns why. */
  private String forward(ControlChannel connected) throws IOException {
    while (true) {
      @Nullable ControlResponse response = connected.receive();
      if (response == null) {
        return "the node ended the connection";
      }
      if (response.hasRefused()) {
        return response.getRefused().getReason();
      }
      ConsoleOutput output = response.getConsole();
      if (!closed && (!output.getData().isEmpty() || output.getSkippedBytes() > 0)) {
        listener.output(output.getData(), output.getSkippedBytes());
      }
      if (!output.getClosedReason().isEmpty()) {
        return output.getClosedReason();
      }
    }
  }

  @Override
  public CompletionStage<Void> input(ByteString data) {
    if (data.size() > MAX_INPUT_BYTES) {
      throw new IllegalArgumentException(
          "%d bytes of input, the limit is %d".formatted(data.size(), MAX_INPUT_BYTES));
    }
    ControlRequest request = request(b -> b.setInput(ConsoleInput.newBuilder().setData(data)));
    return channel.thenAcceptAsync(connected -> send(connected, request), writer);
  }

  private static void send(ControlChannel connected, ControlRequest request) {
    try {
      connected.send(request);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ControlRequest request(UnaryOperator<ConsoleRequest.Builder> kind) {
    return ControlClient.of()
        .setConsole(kind.apply(ConsoleRequest.newBuilder().setVne(vne).setVm(vm)))
        .build();
  }

  @Override
  public void close() {
    closed = true;
    CompletableFuture<?> unused = channel.thenAccept(ControlChannel::close);
    writer.shutdown();
  }
}
