package io.vnsnap.shell.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Hosts as boxes with their VMs in them, joined by one link below. Pure. */
final class TopologyPicture {
  private static final int VM_WIDTH = 8;
  private static final int GAP = 4;

  private final boolean unicode;

  private TopologyPicture(boolean unicode) {
    this.unicode = unicode;
  }

  static List<String> lines(Map<String, List<String>> vmsByHost, String link, boolean unicode) {
    return new TopologyPicture(unicode).draw(vmsByHost, link);
  }

  private List<String> draw(Map<String, List<String>> vmsByHost, String link) {
    StringBuilder top = new StringBuilder();
    StringBuilder middle = new StringBuilder();
    StringBuilder bottom = new StringBuilder();
    StringBuilder wires = new StringBuilder();
    List<Integer> taps = new ArrayList<>();
    for (Map.Entry<String, List<String>> host : vmsByHost.entrySet()) {
      int inner = Math.max(host.getValue().size() * VM_WIDTH, VM_WIDTH);
      String title = " host " + host.getKey() + " ";
      top.append(c('┌', '+')).append(c('─', '-')).append(title);
      top.append(repeat('─', '-', inner - 1 - title.length())).append(c('┐', '+'));
      middle.append(c('│', '|'));
      bottom.append(c('└', '+'));
      for (String vm : host.getValue()) {
        middle.append(centred(vm));
        taps.add(bottom.length() + VM_WIDTH / 2 - 1);
        bottom.append(repeat('─', '-', VM_WIDTH / 2 - 1)).append(c('┬', '+'));
        bottom.append(repeat('─', '-', VM_WIDTH / 2));
      }
      int missing = inner - host.getValue().size() * VM_WIDTH;
      middle.append(" ".repeat(missing)).append(c('│', '|'));
      bottom.append(repeat('─', '-', missing)).append(c('┘', '+'));
      for (StringBuilder row : List.of(top, middle, bottom)) {
        row.append(" ".repeat(GAP));
      }
    }
    for (int column = 0; !taps.isEmpty() && column <= taps.get(taps.size() - 1); column++) {
      boolean tap = taps.contains(column);
      boolean first = column == taps.get(0);
      boolean last = column == taps.get(taps.size() - 1);
      wires.append(
          column < taps.get(0)
              ? ' '
              : tap ? (first ? c('└', '+') : last ? c('┘', '+') : c('┴', '+')) : c('─', '-'));
    }
    wires.append("  link ").append(link);
    List<String> lines = new ArrayList<>();
    for (StringBuilder row : List.of(top, middle, bottom, wires)) {
      lines.add(row.toString().stripTrailing());
    }
    return lines;
  }

  private static String centred(String text) {
    String cut = text.length() > VM_WIDTH - 2 ? text.substring(0, VM_WIDTH - 2) : text;
    int left = (VM_WIDTH - cut.length()) / 2;
    return " ".repeat(left) + cut + " ".repeat(VM_WIDTH - left - cut.length());
  }

  private char c(char nice, char plain) {
    return unicode ? nice : plain;
  }

  private String repeat(char nice, char plain, int times) {
    return String.valueOf(c(nice, plain)).repeat(Math.max(0, times));
  }
}
