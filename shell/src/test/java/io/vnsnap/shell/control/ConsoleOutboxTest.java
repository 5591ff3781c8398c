package io.vnsnap.shell.control;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.ConsoleOutput;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class ConsoleOutboxTest {
  private final ConsoleOutbox outbox = new ConsoleOutbox(10);

  private void add(String text) {
    outbox.add(ByteString.copyFromUtf8(text), 0);
  }

  private List<String> taken() {
    List<String> taken = new ArrayList<>();
    for (ConsoleOutput o = outbox.take(); o != null; o = outbox.take()) {
      taken.add(o.getSkippedBytes() + ":" + o.getData().toStringUtf8() + o.getClosedReason());
    }
    return taken;
  }

  @Test
  void shouldKeepOrder() {
    add("abc");
    add("def");
    assertThat(taken()).containsExactly("0:abc", "0:def");
  }

  @Test
  void shouldDropTheOldestAndCountIt() {
    add("abcd");
    add("efgh");
    add("ijkl");
    assertThat(taken()).containsExactly("4:efgh", "0:ijkl");
  }

  @Test
  void shouldKeepTheEndOfAPieceThatIsTooLong() {
    add("ab");
    add("0123456789xyz");
    assertThat(taken()).containsExactly("5:3456789xyz");
  }

  @Test
  void shouldAddUpWhatWasSkippedElsewhere() {
    outbox.add(ByteString.copyFromUtf8("12345678"), 100);
    outbox.add(ByteString.copyFromUtf8("abcdefgh"), 7);
    assertThat(taken()).containsExactly("115:abcdefgh");
  }

  @Test
  void shouldTellTheReasonOnceAndLast() {
    add("bye");
    outbox.close("gone");
    outbox.close("gone again");
    assertThat(taken()).containsExactly("0:bye", "0:gone");
    assertThat(taken()).isEmpty();
  }
}
