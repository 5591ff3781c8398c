package io.vnsnap.shell.cli;

import io.vnsnap.shell.render.Screen;
import io.vnsnap.shell.render.Style;
import io.vnsnap.store.SnapshotStore;
import io.vnsnap.store.pages.PageStore;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.stream.Stream;

/** A store in a folder, and commands that work on it. */
final class StoredSnapshots implements Closeable {
  private final Path folder;
  private final PageStore store;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  StoredSnapshots(Path folder) throws IOException {
    this.folder = folder;
    this.store = PageStore.inDirectory(folder, "test");
  }

  SnapshotStore store() {
    return store;
  }

  /** Runs a command with {@code --store}; returns its exit code. */
  int run(String... args) {
    out.reset();
    err.reset();
    CliContext context =
        new CliContext(
            new Screen(stream(out), false, Style.PLAIN, 100),
            stream(err),
            Map.of(),
            ZoneOffset.UTC,
            socket -> {
              throw new AssertionError("no node is asked");
            },
            () -> {
              throw new AssertionError("no node is started");
            });
    String[] line =
        Stream.concat(Stream.of(args), Stream.of("--store", folder.toString()))
            .toArray(String[]::new);
    return new CommandLineInterface(context).run(line);
  }

  private static PrintStream stream(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }

  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    store.close();
  }
}
