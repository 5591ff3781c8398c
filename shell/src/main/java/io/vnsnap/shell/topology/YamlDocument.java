package io.vnsnap.shell.topology;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingEndEvent;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.events.SequenceEndEvent;
import org.snakeyaml.engine.v2.events.SequenceStartEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads the one YAML document of a file from the parser's events. Anchors, aliases, tags and deep
 * nesting are refused before anything is built from them.
 */
final class YamlDocument {
  private static final int MAX_DEPTH = 16;

  /** Ends the reading of a file that is not the YAML we take. */
  static final class NotReadable extends Exception {
    private static final long serialVersionUID = 1L;

    private final int line;

    NotReadable(int line, String message) {
      super(message);
      this.line = line;
    }

    int line() {
      return line;
    }
  }

  private final Iterator<Event> events;
  private final Problems problems;

  private YamlDocument(Iterator<Event> events, Problems problems) {
    this.events = events;
    this.problems = problems;
  }

  /**
   * The document's root; null if it is empty. Duplicate keys go to the problems, the first one
   * stays.
   */
  static @Nullable YamlNode read(String text, Problems problems) throws NotReadable {
    LoadSettings settings =
        LoadSettings.builder().setUseMarks(true).setCodePointLimit(text.length() + 1).build();
    try {
      return new YamlDocument(new Parse(settings).parseString(text).iterator(), problems)
          .document();
    } catch (MarkedYamlEngineException e) {
      throw new NotReadable(line(e.getProblemMark()), "not YAML: " + e.getProblem());
    } catch (YamlEngineException e) {
      throw new NotReadable(0, "not YAML: " + e.getMessage());
    }
  }

  private @Nullable YamlNode document() throws NotReadable {
    YamlNode root = null;
    while (events.hasNext()) {
      Event event = events.next();
      if (event instanceof NodeEvent) {
        if (root != null) {
          throw new NotReadable(
              line(event.getStartMark()), "a second document starts here; one file, one topology");
        }
        root = node(event, 0);
      }
    }
    return root;
  }

  private YamlNode node(Event event, int depth) throws NotReadable {
    int line = line(event.getStartMark());
    if (depth > MAX_DEPTH) {
      throw new NotReadable(line, "nested more than " + MAX_DEPTH + " levels deep");
    }
    if (event instanceof AliasEvent
        || (event instanceof NodeEvent node && node.getAnchor().isPresent())) {
      throw new NotReadable(line, "anchors (&) and aliases (*) are not taken; write it out");
    }
    return switch (event) {
      case ScalarEvent scalar -> {
        checkTag(line, scalar.getTag());
        yield new YamlNode.Text(line, scalar.getValue(), !scalar.isPlain());
      }
      case SequenceStartEvent sequence -> {
        checkTag(line, sequence.getTag());
        yield sequence(line, depth);
      }
      case MappingStartEvent mapping -> {
        checkTag(line, mapping.getTag());
        yield mapping(line, depth);
      }
      default -> throw new NotReadable(line, "not YAML: unexpected " + event.getEventId());
    };
  }

  private static void checkTag(int line, Optional<String> tag) throws NotReadable {
    if (tag.isPresent()) {
      throw new NotReadable(line, "tags (!) are not taken; leave it away");
    }
  }

  private YamlNode sequence(int line, int depth) throws NotReadable {
    List<YamlNode> items = new ArrayList<>();
    for (Event e = events.next(); !(e instanceof SequenceEndEvent); e = events.next()) {
      items.add(node(e, depth + 1));
    }
    return new YamlNode.Sequence(line, items);
  }

  private YamlNode mapping(int line, int depth) throws NotReadable {
    List<YamlNode.Entry> entries = new ArrayList<>();
    Map<String, Integer> seen = new HashMap<>();
    for (Event e = events.next(); !(e instanceof MappingEndEvent); e = events.next()) {
      YamlNode key = node(e, depth + 1);
      if (!(key instanceof YamlNode.Text name)) {
        throw new NotReadable(key.line(), "a key must be a word, not " + key.kind());
      }
      YamlNode value = node(events.next(), depth + 1);
      Integer first = seen.putIfAbsent(name.value(), key.line());
      if (first == null) {
        entries.add(new YamlNode.Entry(key.line(), name.value(), value));
      } else {
        problems.add(
            key.line(),
            "\"%s\" is written twice, first on line %d; keep one".formatted(name.value(), first));
      }
    }
    return new YamlNode.Mapping(line, entries);
  }

  private static int line(Optional<Mark> mark) {
    return mark.map(m -> m.getLine() + 1).orElse(0);
  }
}
