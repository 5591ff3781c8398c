package io.vnsnap.shell.render;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.store.life.ScrubReport;
import java.util.ArrayList;
import java.util.List;

/** What reading everything back has found, for people and for programs. */
public final class ScrubView {
  private ScrubView() {}

  /** A line for each thing that is wrong and each part that it touches; then a summary. */
  public static List<String> of(ScrubReport report, boolean repaired, Style style) {
    List<String> lines = new ArrayList<>();
    for (ScrubReport.Finding finding : report.findings()) {
      lines.add(style.bad(Plain.line(finding.what())));
      finding
          .touched()
          .forEach((part, pages) ->
              lines.add(
                  "  touches %s%s"
                      .formatted(
                          Plain.line(part),
                          pages == 0 ? "" : ": " + Units.count(pages) + " pages")));
      if (finding.touched().isEmpty() && !finding.index()) {
        lines.add("  touches no snapshot that can be read");
      }
    }
    String read =
        "%d snapshots, %s packs, %s pages (%s) read"
            .formatted(
                report.snapshots(),
                Units.count(report.packs()),
                Units.count(report.pages()),
                Units.bytes(report.bytes()));
    if (report.passed()) {
      lines.add(read + ": everything is as it was written");
    } else if (report.onlyIndex()) {
      lines.add(
          repaired
              ? read + ": the index was wrong and is made anew; every snapshot is intact"
              : style.bad(
                  read
                      + ": the index is wrong, every snapshot is intact. Make it anew: vnsnap"
                      + " scrub --repair-index"));
    } else {
      lines.add(style.bad(read + ": %d things are wrong".formatted(report.findings().size())));
    }
    return lines;
  }

  /** The same for programs. */
  public static List<String> json(ScrubReport report) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("passed", report.passed())
            .put("snapshots", report.snapshots())
            .put("packs", report.packs())
            .put("pages", report.pages())
            .put("bytes", report.bytes());
    ArrayNode findings = node.putArray("findings");
    for (ScrubReport.Finding finding : report.findings()) {
      ObjectNode one =
          findings.addObject().put("what", finding.what()).put("indexOnly", finding.index());
      ArrayNode touched = one.putArray("touched");
      finding
          .touched()
          .forEach((part, pages) -> touched.addObject().put("part", part).put("pages", pages));
    }
    return JsonView.text(node).lines().toList();
  }
}
