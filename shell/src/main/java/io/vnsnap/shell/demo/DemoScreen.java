package io.vnsnap.shell.demo;

import io.vnsnap.proto.Manifest;
import io.vnsnap.shell.render.Plain;
import io.vnsnap.shell.render.ProgressBar;
import io.vnsnap.shell.render.Screen;
import io.vnsnap.shell.render.SnapshotFigures;
import io.vnsnap.shell.render.SnapshotView;
import io.vnsnap.shell.render.Style;
import io.vnsnap.shell.render.Table;
import io.vnsnap.shell.render.Units;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What the demo shows. For use by one thread. */
final class DemoScreen {
  private static final int STEPS = 9;
  private static final int BAR_WIDTH = 24;
  private static final String INDENT = "      ";

  private final Screen screen;
  private final Style style;
  private int step;
  private long stepStart;

  DemoScreen(Screen screen) {
    this.screen = screen;
    this.style = screen.style();
  }

  Screen screen() {
    return screen;
  }

  void heading(String text) {
    screen.line(style.strong(text));
  }

  /** Begins the next step. */
  void step(String what) {
    step++;
    stepStart = System.nanoTime();
    screen.line(style.strong("[%d/%d] ".formatted(step, STEPS) + what));
  }

  /** Ends the step with what came of it. */
  void done(String what) {
    double ms = (System.nanoTime() - stepStart) / 1e6;
    screen.line(
        INDENT
            + style.good(style.unicode() ? "✓ " : "ok: ")
            + Plain.line(what)
            + style.dim(" (" + Units.millis(ms) + ")"));
  }

  void note(String what) {
    screen.line(INDENT + Plain.line(what));
  }

  /** Something that goes on, on a live line. */
  void waiting(String what) {
    screen.live(List.of(INDENT + style.dim(Plain.line(what))), INDENT + Plain.line(what));
  }

  /** How far each guest has started up: booted is half, the rest is its connections. */
  void booting(Map<String, GuestLog.Heard> guests) {
    List<String> lines = new ArrayList<>();
    int up = 0;
    for (Map.Entry<String, GuestLog.Heard> guest : guests.entrySet()) {
      GuestLog.Heard heard = guest.getValue();
      double peers =
          heard
              .last()
              .map(r -> r.peers() == 0 ? 0.0 : (double) r.peersConnected() / r.peers())
              .orElse(0.0);
      double fraction = (heard.booted() ? 0.5 : heard.lastLines().isEmpty() ? 0 : 0.1) + peers / 2;
      String state =
          heard
              .last()
              .map(r -> "connected to %d of %d".formatted(r.peersConnected(), r.peers()))
              .orElse(heard.booted() ? "booted" : "booting");
      up += fraction >= 1 ? 1 : 0;
      lines.add(
          INDENT
              + guest.getKey()
              + "  "
              + ProgressBar.of(fraction, BAR_WIDTH, style)
              + "  "
              + state);
    }
    screen.live(lines, INDENT + "%d of %d guests are up".formatted(up, guests.size()));
  }

  /** How long each guest has been seen at traffic without a fault. */
  void traffic(Map<String, Long> ticks, long wanted) {
    List<String> lines = new ArrayList<>();
    long least = ticks.values().stream().mapToLong(Long::longValue).min().orElse(0);
    ticks.forEach((vm, seen) ->
        lines.add(
            INDENT
                + vm
                + "  "
                + ProgressBar.of((double) seen / wanted, BAR_WIDTH, style)
                + "  "
                + Math.min(seen, wanted)
                + " of "
                + wanted
                + " s"));
    screen.live(
        lines, INDENT + "%d of %d s of traffic seen".formatted(Math.min(least, wanted), wanted));
  }

  /** What the guests have not shown yet; elsewhere than on a terminal only that they are asked. */
  void judging(Verification.Verdict verdict) {
    List<String> lines = new ArrayList<>();
    verdict.pending().forEach(line -> lines.add(INDENT + style.dim(Plain.line(line))));
    screen.live(lines, INDENT + "listening to the guests");
  }

  /** The hosts as boxes, with their VMs, on the link. */
  void topology(Map<String, List<String>> vmsByHost) {
    TopologyPicture.lines(vmsByHost, DemoTopology.LINK, style.unicode())
        .forEach(line -> screen.line(INDENT + line));
  }

  void snapshot(Manifest manifest, DemoResult result) {
    SnapshotFigures figures = SnapshotFigures.of(manifest);
    SnapshotView.vms(figures, style).forEach(line -> screen.line(INDENT + line));
    note(
        "Skew %s. %s frames were recorded in flight, %s held. Images: %s."
            .formatted(
                Units.millis(figures.skewMs()),
                Units.count(figures.framesRecorded()),
                Units.count(result.framesHeld()),
                Units.bytes(figures.imageBytes())));
  }

  /** What the guests themselves have counted. */
  void account(Map<String, TrafficReport> last) {
    Table table =
        new Table(
            "VM",
            ">SECONDS",
            ">DATAGRAMS",
            ">LOST",
            ">DOUBLED",
            ">REORDERED",
            ">STREAM BYTES",
            ">CORRUPT",
            ">BROKEN",
            "MEMORY");
    last.forEach((vm, r) ->
        table.row(
            vm,
            Long.toString(r.tick()),
            Units.count(r.udp().received()),
            Units.count(r.udp().lost()),
            Units.count(r.udp().duplicated()),
            Units.count(r.udp().reordered()),
            Units.count(r.tcp().received()),
            Units.count(r.tcp().corrupt()),
            Units.count(r.tcp().broken()),
            r.memoryIntact() ? "intact" : "torn"));
    table.lines(style).forEach(line -> screen.line(INDENT + line));
  }

  void pass(String what) {
    screen.line(style.good("PASS") + ": " + Plain.line(what));
  }

  void fail(String why) {
    screen.line(style.bad("FAIL") + ": " + Plain.line(why));
  }
}
