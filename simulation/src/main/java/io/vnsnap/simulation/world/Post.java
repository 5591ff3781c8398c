package io.vnsnap.simulation.world;

import io.vnsnap.simulation.kernel.Kernel;
import io.vnsnap.simulation.kernel.SimulatedProcess;
import io.vnsnap.simulation.net.Wires;
import java.util.HashMap;
import java.util.Map;

/**
 * Carries the messages of the control plane between machines as the actor system's remoting does:
 * in order for each pair of machines, at most once. While a route is cut they wait or are lost.
 */
final class Post {
  private final Kernel kernel;
  private final Wires wires;
  private final Mischief mischief;
  private final Map<String, Long> lastDue = new HashMap<>();

  Post(Kernel kernel, Wires wires, Mischief mischief) {
    this.kernel = kernel;
    this.wires = wires;
    this.mischief = mischief;
  }

  /** When all that is under way has arrived, virtual time. */
  long emptyAt() {
    return lastDue.values().stream().mapToLong(due -> due).max().orElse(0);
  }

  /**
   * Sends a message.
   *
   * @param to process that gets it, if it still lives then
   * @param what for traces
   */
  void send(String from, String machine, SimulatedProcess to, String what, Runnable delivery) {
    long opens = wires.opensAt(from, machine);
    boolean cut = opens > kernel.nanos();
    if (mischief.loses() || (cut && mischief.coin())) {
      kernel.note(what + " to " + machine + " is lost");
      return;
    }
    String pair = from + ">" + machine;
    long due =
        Math.max(
            lastDue.getOrDefault(pair, 0L),
            Math.max(kernel.nanos(), opens) + mischief.duration(wires.remoteDelay()));
    lastDue.put(pair, due);
    kernel.after(
        due - kernel.nanos(),
        to,
        () -> {
          if (kernel.isTraced()) {
            kernel.note("gets " + what + " from " + from);
          }
          delivery.run();
        });
  }
}
