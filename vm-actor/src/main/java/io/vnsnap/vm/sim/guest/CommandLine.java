package io.vnsnap.vm.sim.guest;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a guest's kernel command line asks for; words it does not know are ignored, as a kernel
 * does. The words {@code vnsnap.*} mean what they mean to the guest kit.
 *
 * @param program to run
 * @param name of the guest in what it prints
 * @param addresses of its VNICs, in their order; may be fewer
 * @param peers addresses of the guests to have traffic with
 * @param messageRate datagrams, or transfers, per second to each peer
 * @param streamRate bytes of stream per second to each peer
 * @param pages of each of the two memory witnesses
 * @param seconds after which nothing more is sent, in the guest's own time; 0: never
 */
record CommandLine(
    Program program,
    String name,
    List<Integer> addresses,
    List<Integer> peers,
    long messageRate,
    long streamRate,
    int pages,
    long seconds) {
  private static final int ADDRESS_BYTES = 4;
  private static final int MAX_PEERS = 256;
  private static final int MAX_ADDRESSES = 16;
  private static final long MAX_MESSAGE_RATE = 1_000_000;
  private static final long MAX_STREAM_RATE = 1_000_000_000;
  private static final int MAX_WITNESS_PAGES = 1 << 16;
  private static final Pattern BLANK = Pattern.compile("\\s+");
  private static final Pattern COMMA = Pattern.compile(",");
  private static final Pattern ADDRESS =
      Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})(/\\d{1,2})?");

  /** What a guest can run. */
  enum Program {
    TRAFFIC,
    BANK,
    RING
  }

  CommandLine {
    addresses = List.copyOf(addresses);
    peers = List.copyOf(peers);
  }

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException with what is wrong, for the person who wrote it
   */
  static CommandLine parse(String text) {
    Program program = Program.TRAFFIC;
    String name = "vm";
    List<Integer> addresses = List.of();
    List<Integer> peers = List.of();
    long messages = 100;
    long stream = 1_000_000;
    long pages = 8;
    long seconds = 0;
    for (String word : BLANK.split(text.strip(), -1)) {
      int equals = word.indexOf('=');
      String value = word.substring(equals + 1);
      switch (equals < 0 ? "" : word.substring(0, equals)) {
        case "sim.program" -> program = program(word, value);
        case "sim.pages" -> pages = number(word, value, 2, MAX_WITNESS_PAGES);
        case "sim.seconds" -> seconds = number(word, value, 0, Integer.MAX_VALUE);
        case "vnsnap.name" -> name = value;
        case "vnsnap.ip" -> addresses = addresses(word, value, MAX_ADDRESSES);
        case "vnsnap.peers" -> peers = addresses(word, value, MAX_PEERS);
        case "vnsnap.udp" -> messages = number(word, value, 0, MAX_MESSAGE_RATE);
        case "vnsnap.tcp" ->
            stream =
                value.equals("unlimited")
                    ? MAX_STREAM_RATE
                    : number(word, value, 0, MAX_STREAM_RATE);
        default -> {
          // Not for us.
        }
      }
    }
    return new CommandLine(
        program, name, addresses, peers, messages, stream, Math.toIntExact(pages), seconds);
  }

  /** Dotted decimal. */
  static String text(int address) {
    return "%d.%d.%d.%d"
        .formatted(address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff);
  }

  private static Program program(String word, String value) {
    for (Program program : Program.values()) {
      if (program.name().toLowerCase(Locale.ROOT).equals(value)) {
        return program;
      }
    }
    throw new IllegalArgumentException(word + ": write traffic, bank or ring");
  }

  private static long number(String word, String value, long least, long most) {
    try {
      long number = Long.parseLong(value);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(word + ": write a whole number", e);
    }
    throw new IllegalArgumentException(word + ": write " + least + " to " + most);
  }

  private static List<Integer> addresses(String word, String value, int most) {
    List<Integer> all = new ArrayList<>();
    if (value.isEmpty()) {
      return all;
    }
    for (String one : COMMA.split(value, -1)) {
      Matcher parts = ADDRESS.matcher(one);
      int address = 0;
      boolean good = parts.matches() && all.size() < most;
      for (int i = 1; good && i <= ADDRESS_BYTES; i++) {
        int part = Integer.parseInt(parts.group(i));
        good = part <= 255;
        address = (address << 8) | part;
      }
      if (!good || all.contains(address)) {
        throw new IllegalArgumentException(
            word + ": write at most " + most + " different IPv4 addresses, like 10.0.0.1");
      }
      all.add(address);
    }
    return all;
  }
}
