package io.vnsnap.shell.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What somebody else has made in the place of a run folder, before its user did. */
@Timeout(30)
class RunFolderOwnerTest {
  private final User maker;
  private final User user;
  private final Path run;

  RunFolderOwnerTest(@TempDir Path temporary) throws IOException {
    maker = User.current();
    user = new User(maker.id() + 1);
    run =
        Files.createDirectory(
            temporary.resolve("vnsnap-user"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  @Test
  void shouldKnowWhoThisIs() throws IOException {
    assertThat(maker.owns(run)).isTrue();
    assertThat(user.owns(run)).isFalse();
    Path link = Files.createSymbolicLink(run.resolveSibling("link"), Path.of("/proc/1"));
    assertThat(maker.owns(link)).isTrue();
  }

  @Test
  void shouldStartNoNodeInAFolderOfAnotherUser() throws IOException {
    Path socket = run.resolve("a.sock");
    assertThatThrownBy(() -> SocketFile.claim(socket, user))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(run + " belongs to another user (")
        .hasMessageEndingWith("remove it, or give another place with --socket");
    assertThat(run).isEmptyDirectory();
    try (SocketFile claimed = SocketFile.claim(socket, maker)) {
      assertThat(claimed.path()).isEqualTo(socket);
    }
  }

  @Test
  void shouldTalkToNobodyInAFolderOfAnotherUser() {
    ControlSockets sockets = ControlSockets.in(run);
    assertThatThrownBy(() -> sockets.only(user))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(run + " belongs to another user (")
        .hasMessageEndingWith("name a node's socket with --socket");
    assertThatThrownBy(() -> sockets.only(maker)).hasMessageStartingWith("no node runs here");
  }
}
