package io.vnsnap.shell.topology;

import java.util.List;

/** A topology file that cannot be deployed. */
public final class TopologyFileException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  TopologyFileException(List<String> problems) {
    super(String.join("\n", problems));
    this.problems = List.copyOf(problems);
  }

  /** One line for each thing that is wrong: {@code FILE:LINE: what; what to write instead}. */
  public List<String> problems() {
    return problems;
  }
}
