package io.vnsnap.simulation.mutation;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A bug: what to replace in which source file. */
public enum Mutation {
  /** A shut gate lets frames through. */
  FORGET_TO_HOLD(
      "net-actor/src/main/java/io/vnsnap/net/gate/Gate.java",
      "return state != State.OPEN\n        || itemEpoch",
      "return state == State.NEW\n        || itemEpoch"),

  /** Frames in flight across the cut are delivered, but not recorded. */
  FORGET_TO_RECORD(
      "net-actor/src/main/java/io/vnsnap/net/gate/Recorder.java",
      "return recording != null && epoch < recording.epoch();",
      "return recording != null && epoch < 0;"),

  /** The gate turns red before it has read what the paused VM had sent. */
  MARKER_BEFORE_DRAIN(
      "net-actor/src/main/java/io/vnsnap/net/gate/Orders.java",
      "if (gate.port().isDrained()) {",
      "if (gate.port().isOpen()) {"),

  /** A frame sent after its sender's cut reaches a VM before its own. */
  RED_TO_WHITE(
      "net-actor/src/main/java/io/vnsnap/net/gate/Gate.java",
      "return state != State.OPEN\n        || itemEpoch > epoch\n",
      "return state != State.OPEN\n"),

  /** What was delivered is counted when the channel is closed, not at the cut. */
  LATE_COUNT(
      "net-actor/src/main/java/io/vnsnap/net/gate/InChannel.java",
      ".setDelivered(deliveredAtCut)",
      ".setDelivered(delivered)"),

  /** A train of frames takes one number of its channel. */
  COUNT_TRAINS(
      "net-actor/src/main/java/io/vnsnap/net/link/OutChannel.java", "sent += frames;", "sent++;"),

  /** A cut does not wait until the VM has taken what was handed to it. */
  PAUSE_BEFORE_QUIET(
      "net-actor/src/main/java/io/vnsnap/net/port/SocketPort.java",
      "public boolean isQuiet() {",
      "public boolean isQuiet() {\n    if (isOpen()) {\n      return true;\n    }"),

  /** A snapshot counts as stored without the logs of its channels. */
  STORE_WITHOUT_LOGS(
      "host-actor/src/main/java/io/vnsnap/host/deployment/VmParts.java",
      "taken || image.isEmpty() || !logs.keySet().containsAll(vnics)",
      "taken || image.isEmpty()"),

  /** A VM whose snapshot has failed is left as it is. */
  FORGET_TO_RESUME(
      "vm-actor/src/main/java/io/vnsnap/vm/VmSnapshots.java",
      "return capture != null ? capture.cancel() : machine.resume().thenApply(at -> null);",
      "return CompletableFuture.completedStage(null);");

  private final String file;
  private final String original;
  private final String replacement;

  Mutation(String file, String original, String replacement) {
    this.file = file;
    this.original = original;
    this.replacement = replacement;
  }

  /** As it is written on a command line. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The mutation of a word; empty: there is none. */
  public static Optional<Mutation> of(String word) {
    return Arrays.stream(values()).filter(one -> one.word().equals(word)).findFirst();
  }

  /** All of them, as they are written on a command line. */
  public static List<String> words() {
    return Arrays.stream(values()).map(Mutation::word).toList();
  }

  /** Path in the repository of the source that is changed. */
  String file() {
    return file;
  }

  /**
   * The source with the bug in it.
   *
   * @throws IllegalStateException if it has changed so that this is not known any more
   */
  String applyTo(String source) {
    int at = source.indexOf(original);
    if (at < 0 || source.indexOf(original, at + 1) >= 0) {
      throw new IllegalStateException(
          "mutation %s does not fit %s any more: look for \"%s\""
              .formatted(word(), file, original));
    }
    return source.replace(original, replacement);
  }
}
