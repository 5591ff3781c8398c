package io.vnsnap.shell.topology;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Everything found wrong with one file. */
final class Problems {
  private static final int MAX_REPORTED = 50;

  private record Problem(int line, String message) {}

  private final String file;
  private final List<Problem> problems = new ArrayList<>();

  Problems(String file) {
    this.file = file;
  }

  /**
   * Notes one.
   *
   * @param line in the file, from 1; 0: it concerns the file as a whole
   * @param message what is wrong, and after a semicolon what to write instead
   */
  void add(int line, String message) {
    problems.add(new Problem(line, message.replaceAll("\\p{Cntrl}", "?")));
  }

  int count() {
    return problems.size();
  }

  /** One line each, in the order of the file; a bounded number. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    problems.stream()
        .sorted(Comparator.comparingInt(Problem::line))
        .limit(MAX_REPORTED)
        .map(p -> file + (p.line > 0 ? ":" + p.line : "") + ": " + p.message)
        .forEach(lines::add);
    if (problems.size() > MAX_REPORTED) {
      lines.add("%s: and %d more problems".formatted(file, problems.size() - MAX_REPORTED));
    }
    return lines;
  }
}
