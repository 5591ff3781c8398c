package io.vnsnap.shell.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.vnsnap.shell.fake.FakeClient;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ConsoleTerminalTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ConsoleRelay relay = new ConsoleRelay(out);
  private final FakeClient.FakeConsole console =
      (FakeClient.FakeConsole) new FakeClient().console("lab", "vm1", relay);

  private static ConsoleTerminal typing(String text) {
    return ConsoleTerminal.plain(
        new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)),
        new ByteArrayOutputStream());
  }

  @Test
  void shouldDetachAtTheEscapeKey() throws Exception {
    try (ConsoleTerminal terminal = typing("ls\r\u001dnever typed")) {
      terminal.copyInput(console, relay.ended());
    }
    assertThat(console.typed).containsExactly(ByteString.copyFromUtf8("ls\r"));
  }

  @Test
  void shouldGoOnShowingAfterTheEndOfInput() {
    CompletableFuture<Boolean> returned =
        CompletableFuture.supplyAsync(() -> {
          try (ConsoleTerminal terminal = typing("poweroff\r")) {
            terminal.copyInput(console, relay.ended());
            return true;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    await().until(() -> !console.typed.isEmpty());
    console.says("bye\r\n");
    assertThat(returned).isNotDone();
    console.listener.closed("the VM ended");
    assertThat(returned).succeedsWithin(Duration.ofSeconds(5)).isEqualTo(true);
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("bye\r\n");
  }

  @Test
  void shouldSayWhatWasSkipped() {
    relay.output(ByteString.copyFromUtf8("x"), 17);
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("\r\n[17 bytes skipped]\r\nx");
  }
}
