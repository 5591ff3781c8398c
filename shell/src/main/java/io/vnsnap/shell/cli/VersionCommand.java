package io.vnsnap.shell.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code vnsnap version}. */
@Command(name = "version", description = "Print the version.")
final class VersionCommand implements Callable<Integer> {
  private final RootCommand root;

  VersionCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    Properties properties = new Properties();
    try (InputStream in = VersionCommand.class.getResourceAsStream("/vnsnap-version.properties")) {
      if (in == null) {
        throw new CommandFailure("this build does not know its version");
      }
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    root.context()
        .screen()
        .line(
            "vnsnap %s (Java %s)"
                .formatted(properties.getProperty("version"), Runtime.version().toString()));
    return CommandLineInterface.OK;
  }
}
