package io.vnsnap.shell.topology;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Takes the keys of one mapping out by name and type. What is missing, of the wrong type, or left
 * at the end goes to the problems; a substitute is returned then, so that reading goes on.
 */
final class KeyReader {
  private final String subject;
  private final int line;
  private final Problems problems;
  private final Map<String, YamlNode.Entry> left = new LinkedHashMap<>();
  private final List<String> known = new ArrayList<>();

  /**
   * Reads a mapping.
   *
   * @param subject what the mapping describes, for messages: "a VM"
   */
  KeyReader(String subject, YamlNode.Mapping mapping, Problems problems) {
    this.subject = subject;
    this.line = mapping.line();
    this.problems = problems;
    mapping.entries().forEach(e -> left.put(e.key(), e));
  }

  int line() {
    return line;
  }

  /** Text that must be there; null if it is not. */
  @Nullable String required(String key, String example) {
    YamlNode.Entry entry = take(key);
    if (entry == null) {
      problems.add(line, "%s has no \"%s\"; write %s: %s".formatted(subject, key, key, example));
      return null;
    }
    return text(entry, example);
  }

  /** Text that may be there; empty if it is not. */
  String optional(String key, String example) {
    YamlNode.Entry entry = take(key);
    String text = entry == null ? null : text(entry, example);
    return text == null ? "" : text;
  }

  /** A whole number; the fallback if it is missing or not one. */
  int number(String key, int fallback) {
    int at = lineOf(key);
    String text = optional(key, Integer.toString(fallback));
    if (text.isEmpty()) {
      return fallback;
    }
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      problems.add(
          at,
          "\"%s\" must be a whole number, not \"%s\"; write %s: %d"
              .formatted(key, text, key, fallback));
      return fallback;
    }
  }

  /** True or false; false if it is missing. */
  boolean flag(String key) {
    int at = lineOf(key);
    String text = optional(key, "true");
    if (!text.isEmpty() && !text.equals("true") && !text.equals("false")) {
      problems.add(
          at, "\"%s\" must be true or false, not \"%s\"; write %s: true".formatted(key, text, key));
    }
    return text.equals("true");
  }

  /** The mappings of a list; what is not a mapping is left out. */
  List<YamlNode.Mapping> mappings(String key, String example) {
    List<YamlNode.Mapping> found = new ArrayList<>();
    YamlNode.Entry entry = take(key);
    if (entry == null || isNothing(entry.value())) {
      return found;
    }
    if (!(entry.value() instanceof YamlNode.Sequence list)) {
      problems.add(
          entry.line(), wrongType(key, "a list", entry.value(), key + ": [ " + example + " ]"));
      return found;
    }
    for (YamlNode item : list.items()) {
      if (item instanceof YamlNode.Mapping mapping) {
        found.add(mapping);
      } else {
        problems.add(
            item.line(),
            "each of \"%s\" must be a group of keys, not %s; write - %s"
                .formatted(key, item.kind(), example));
      }
    }
    return found;
  }

  /** Whatever stands for the key; null if it is missing. */
  @Nullable YamlNode any(String key) {
    YamlNode.Entry entry = take(key);
    return entry == null ? null : entry.value();
  }

  /** The line of a key, or of the mapping if the key is missing. */
  int lineOf(String key) {
    YamlNode.Entry entry = left.get(key);
    return entry == null ? line : entry.line();
  }

  /** Reports the keys that nobody asked for. */
  void finish() {
    for (YamlNode.Entry entry : left.values()) {
      String nearest = Spelling.nearest(entry.key(), known);
      problems.add(
          entry.line(),
          "%s has no key \"%s\"; %s"
              .formatted(
                  subject,
                  entry.key(),
                  nearest != null
                      ? "write " + nearest
                      : "its keys are " + String.join(", ", known)));
    }
  }

  private @Nullable String text(YamlNode.Entry entry, String example) {
    if (entry.value() instanceof YamlNode.Text text && !text.isNothing()) {
      return text.value();
    }
    problems.add(
        entry.line(), wrongType(entry.key(), "text", entry.value(), entry.key() + ": " + example));
    return null;
  }

  private static String wrongType(String key, String wanted, YamlNode got, String example) {
    return "\"%s\" must be %s, not %s; write %s".formatted(key, wanted, got.kind(), example);
  }

  private static boolean isNothing(YamlNode node) {
    return node instanceof YamlNode.Text text && text.isNothing();
  }

  private YamlNode.@Nullable Entry take(String key) {
    known.add(key);
    return left.remove(key);
  }
}
