package io.vnsnap.it.spec;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One search of a Promela model: SPIN translates it to C, gcc compiles that, and the program
 * searches. Needs the Debian packages {@code spin} and {@code gcc}. Runs on the calling thread; its
 * processes end with it, whatever happens.
 */
final class SpinSearch {
  /** Memory that a search may take, in MiB; one that needs more is reported as not completed. */
  private static final int MEMORY_MIB = 5120;

  /** Steps of a run, at most; one that is longer is reported as not completed. */
  private static final int MAX_STEPS = 5000;

  /** Binary logarithm of the number of slots of the table of states. */
  private static final int TABLE_BITS = 24;

  private static final Duration BUILD_LIMIT = Duration.ofMinutes(2);
  private static final Duration SEARCH_LIMIT = Duration.ofMinutes(15);

  private static final Pattern ERRORS = Pattern.compile("errors: (\\d+)");
  private static final Pattern VIOLATED = Pattern.compile("assertion violated +!\\((\\w+)\\)");
  private static final Pattern STATES = Pattern.compile("(\\d+) states, stored");
  private static final Pattern UNREACHED =
      Pattern.compile("^\\s+\\S+:(\\d+), state \\d+, \"(.*)\"$", Pattern.MULTILINE);

  private final Path model;
  private final Path folder;

  /**
   * @param model the Promela file
   * @param folder empty; everything that is generated goes there
   */
  SpinSearch(Path model, Path folder) {
    this.model = model;
    this.folder = folder;
  }

  /** Searches all states for a violated assertion or a deadlock. */
  String forViolations(List<String> options) {
    return search(options, List.of("-O2", "-DSAFETY"), List.of());
  }

  /** The same for a search that is expected to end early: quicker to compile, slower to search. */
  String forFirstViolation(List<String> options) {
    return search(options, List.of("-O1", "-DSAFETY"), List.of());
  }

  /** Searches all states for a run without end. */
  String forEndlessRuns(List<String> options) {
    return search(options, List.of("-O2", "-DNP"), List.of("-l"));
  }

  /** Errors that were found. */
  static int errors(String report) {
    return Integer.parseInt(only(ERRORS, report));
  }

  /** The property that was violated. */
  static String violated(String report) {
    return only(VIOLATED, report);
  }

  /** States that were searched. */
  static long states(String report) {
    return Long.parseLong(only(STATES, report));
  }

  /** Whether all states were searched, rather than as many as fitted or as deep as was allowed. */
  static boolean wasExhaustive(String report) {
    return report.contains("Full statespace search for")
        && !report.contains("Search not completed")
        && !report.contains("max search depth too small")
        && !report.contains("out of memory");
  }

  /** Lines of the model that no run ever came to. */
  static List<String> unreached(String report) {
    List<String> lines = new ArrayList<>();
    Matcher matcher = UNREACHED.matcher(report);
    while (matcher.find()) {
      if (!"-end-".equals(matcher.group(2))) {
        lines.add("line " + matcher.group(1) + ": " + matcher.group(2));
      }
    }
    return lines;
  }

  private static String only(Pattern pattern, String report) {
    Matcher matcher = pattern.matcher(report);
    if (!matcher.find()) {
      throw new AssertionError("no \"" + pattern + "\" in SPIN's report:\n" + report);
    }
    return matcher.group(1);
  }

  private String search(
      List<String> options, List<String> compilerOptions, List<String> searchOptions) {
    List<String> translate = new ArrayList<>(List.of("spin"));
    options.forEach(option -> translate.add("-D" + option));
    translate.addAll(List.of("-a", model.toString()));
    run("spin", translate, BUILD_LIMIT);

    List<String> compile = new ArrayList<>(List.of("gcc"));
    compile.addAll(compilerOptions);
    compile.addAll(List.of("-DNOREDUCE", "-DNOFAIR", "-DMEMLIM=" + MEMORY_MIB));
    compile.addAll(List.of("-o", "pan", "pan.c"));
    run("gcc", compile, BUILD_LIMIT);

    List<String> search = new ArrayList<>(List.of(folder.resolve("pan").toString()));
    search.addAll(List.of("-m" + MAX_STEPS, "-w" + TABLE_BITS));
    search.addAll(searchOptions);
    return run("pan", search, SEARCH_LIMIT);
  }

  private String run(String name, List<String> command, Duration limit) {
    Path output = folder.resolve(name + ".out");
    try {
      Process process = start(name, command, output);
      boolean ended;
      try {
        ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
      } finally {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
      String text = Files.readString(output);
      if (!ended) {
        throw new AssertionError(command + " took more than " + limit + ":\n" + text);
      }
      if (process.exitValue() != 0) {
        throw new AssertionError(command + " ended with " + process.exitValue() + ":\n" + text);
      }
      return text;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while " + command + " ran", e);
    }
  }

  private Process start(String name, List<String> command, Path output) {
    try {
      return new ProcessBuilder(command)
          .directory(folder.toFile())
          .redirectErrorStream(true)
          .redirectOutput(output.toFile())
          .start();
    } catch (IOException e) {
      throw new AssertionError(
          name + " cannot be run; install the Debian packages spin and gcc", e);
    }
  }
}
