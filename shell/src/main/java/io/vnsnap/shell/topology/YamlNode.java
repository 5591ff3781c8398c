package io.vnsnap.shell.topology;

import java.util.List;

/** What a YAML document consists of, as far as topology files may use it. Lines count from 1. */
sealed interface YamlNode {

  /** The line where it starts. */
  int line();

  /** What it is, for messages: "a list". */
  String kind();

  /**
   * A scalar.
   *
   * @param quoted it was written in quotes, so it is text even if it looks like a number or nothing
   */
  record Text(int line, String value, boolean quoted) implements YamlNode {
    @Override
    public String kind() {
      return isNothing() ? "empty" : "\"" + value + "\"";
    }

    /** Nothing was written after the key. */
    boolean isNothing() {
      return !quoted && (value.isEmpty() || value.equals("~") || value.equals("null"));
    }
  }

  /** A sequence. */
  record Sequence(int line, List<YamlNode> items) implements YamlNode {
    @Override
    public String kind() {
      return "a list";
    }
  }

  /** A mapping. Keys are unique. */
  record Mapping(int line, List<Entry> entries) implements YamlNode {
    @Override
    public String kind() {
      return "a group of keys";
    }
  }

  /** One key of a mapping and what it stands for. */
  record Entry(int line, String key, YamlNode value) {}
}
