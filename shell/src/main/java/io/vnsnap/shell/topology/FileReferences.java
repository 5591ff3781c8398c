package io.vnsnap.shell.topology;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Resolves the paths written in a topology file: environment references, then relative paths
 * against the file's folder.
 */
final class FileReferences {
  private static final Pattern REFERENCE = Pattern.compile("\\$\\{([A-Za-z_][A-Za-z0-9_]*)}");

  private final Path folder;
  private final Map<String, String> environment;
  private final Problems problems;

  FileReferences(Path folder, Map<String, String> environment, Problems problems) {
    this.folder = folder;
    this.environment = environment;
    this.problems = problems;
  }

  /**
   * The absolute path of a file that can be read; empty, with a problem noted, if there is none.
   */
  String resolve(int line, String key, String written) {
    String expanded = expand(line, key, written);
    if (expanded == null) {
      return "";
    }
    Path path;
    try {
      path = folder.resolve(expanded).normalize();
    } catch (InvalidPathException e) {
      problems.add(line, "\"%s\" is not a path: \"%s\"".formatted(key, written));
      return "";
    }
    String trouble =
        !Files.exists(path)
            ? "does not exist; write the path of a file that does"
            : !Files.isRegularFile(path)
                ? "is not a file; write the path of a file"
                : !Files.isReadable(path) ? "cannot be read; make it readable for you" : "";
    if (!trouble.isEmpty()) {
      problems.add(line, "%s %s %s".formatted(key, path, trouble));
      return "";
    }
    return path.toString();
  }

  private @Nullable String expand(int line, String key, String written) {
    Matcher matcher = REFERENCE.matcher(written);
    StringBuilder expanded = new StringBuilder();
    while (matcher.find()) {
      String variable = matcher.group(1);
      String value = environment.getOrDefault(variable, "");
      if (value.isEmpty()) {
        problems.add(
            line,
            "%s uses ${%s}, which is not set in the environment; set it, or write the path"
                .formatted(key, variable));
        return null;
      }
      matcher.appendReplacement(expanded, Matcher.quoteReplacement(value));
    }
    matcher.appendTail(expanded);
    if (expanded.indexOf("${") >= 0) {
      problems.add(line, "%s has a \"${\" that names no variable; write ${NAME}".formatted(key));
      return null;
    }
    return expanded.toString();
  }
}
