package io.vnsnap.simulation.akka;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.vnsnap.simulation.kernel.Kernel;
import io.vnsnap.simulation.kernel.SimulatedProcess;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * An actor system without threads, in which all simulated processes have their actors. Used for
 * many runs: what a run leaves in it never runs again, since its processes are over, and takes
 * memory only; so it is thrown away now and then.
 */
public final class VirtualSystem {
  /** Plugin id of {@link MemoryJournal}. */
  public static final String JOURNAL = "vnsnap.simulation.journal";

  /** Plugin id of {@link MemorySnapshots}. */
  public static final String SNAPSHOTS = "vnsnap.simulation.snapshots";

  private static final Config CONFIG =
      ConfigFactory.parseResources("vnsnap-simulation.conf")
          .withFallback(ConfigFactory.defaultReference())
          .resolve();

  /** Before the number of an actor in its name. */
  private static final char NUMBER = '~';

  /** That number, and the one that Akka draws for an actor, in an actor's path. */
  private static final Pattern NUMBERS =
      Pattern.compile("(?<=/[^/\\s#]{1,100})[#" + NUMBER + "]-?\\d+");

  private final ActorSystem<Spawn<?>> system;
  private long spawned;

  /** Asks for an actor. */
  private record Spawn<T>(
      SimulatedProcess process, Behavior<T> behavior, String name, Consumer<ActorRef<T>> then) {

    void carryOut(ActorContext<?> context, Kernel kernel) {
      then.accept(kernel.as(process, () -> context.spawn(behavior, name)));
    }
  }

  /** Starts one on the kernel of this thread, which must be between two runs. */
  public VirtualSystem(Kernel kernel) {
    this.system =
        ActorSystem.create(
            Behaviors.setup(context ->
                Behaviors.receiveMessage(spawn -> {
                  spawn.carryOut(context, kernel);
                  return Behaviors.same();
                })),
            "vnsnap",
            CONFIG);
    while (kernel.step()) {
      // Whatever the system does to start.
    }
  }

  /** The whole configuration. */
  public static Config config() {
    return CONFIG;
  }

  /**
   * The text without what is in actor paths by chance or by the number of runs before: it is the
   * same in each run of the same seed.
   */
  public static String withoutNumbers(String text) {
    return NUMBERS.matcher(text).replaceAll("");
  }

  /**
   * Starts an actor that has no other parent.
   *
   * @param then gets it, in the process
   */
  public <T> void spawn(
      SimulatedProcess process, Behavior<T> behavior, String name, Consumer<ActorRef<T>> then) {
    spawned++;
    system.tell(new Spawn<>(process, behavior, name + NUMBER + spawned, then));
  }
}
