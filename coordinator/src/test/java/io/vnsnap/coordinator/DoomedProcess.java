package io.vnsnap.coordinator;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A coordinator in a process of its own, to be killed once it has said that a VNE is up. */
final class DoomedProcess {
  static final String UP = "the VNE is up";

  private DoomedProcess() {}

  /** Brings a VNE up and waits for its end. Arguments: folder of the journal, name of the VNE. */
  @SuppressWarnings("SystemOut") // this is how the test hears of it
  public static void main(String[] arguments) throws Exception {
    try (TestNode node = TestNode.first(Path.of(arguments[0]), Coordinators.ROLE)) {
      node.startHost("a");
      CoordinatorsTest.awaitHosts(node, "a");
      node.up(arguments[1]).toCompletableFuture().get(30, TimeUnit.SECONDS);
      System.out.println(UP);
      System.in.read();
    }
  }
}
