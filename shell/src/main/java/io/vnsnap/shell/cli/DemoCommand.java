package io.vnsnap.shell.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

@Command(name = "demo")
final class DemoCommand implements Callable<Integer> {
  DemoCommand(RootCommand root) {}

  @Override
  public Integer call() {
    return 0;
  }
}
