package io.vnsnap.simulation;

import io.vnsnap.simulation.mutation.Mutant;
import io.vnsnap.simulation.mutation.Mutation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import java.util.function.ToIntFunction;

/** Runs the simulation with a bug in the code. */
final class Mutants {
  private Mutants() {}

  /** The command, without the bug's name; returns its exit code. */
  static int run(Mutation mutation, String seeds, boolean trace, int maxFailures)
      throws IOException, ReflectiveOperationException {
    List<String> arguments =
        new ArrayList<>(List.of("--seeds", seeds, "--max-failures", Integer.toString(maxFailures)));
    if (trace) {
      arguments.add("--trace");
    }
    @SuppressWarnings("unchecked") // loaded anew, it implements what it implements here
    ToIntFunction<String[]> main = (ToIntFunction<String[]>) made(mutation, Main.class);
    return main.applyAsInt(arguments.toArray(String[]::new));
  }

  /** What is wrong with the run of a seed. */
  @SuppressWarnings("unchecked") // as above
  static LongFunction<String> check(Mutation mutation)
      throws IOException, ReflectiveOperationException {
    return (LongFunction<String>) made(mutation, SeedCheck.class);
  }

  /** As {@link #check}, with classes that are loaded as a mutant's and have no bug put back. */
  @SuppressWarnings("unchecked") // as above
  static LongFunction<String> unchanged() throws ReflectiveOperationException {
    return (LongFunction<String>) made(Mutant.unchanged(), SeedCheck.class);
  }

  private static Object made(Mutation mutation, Class<?> original)
      throws IOException, ReflectiveOperationException {
    return made(Mutant.of(mutation, repository()), original);
  }

  private static Object made(Mutant mutant, Class<?> original) throws ReflectiveOperationException {
    Thread.currentThread().setContextClassLoader(mutant);
    return mutant.loadClass(original.getName()).getConstructor().newInstance();
  }

  private static Path repository() {
    Path repository = Path.of(System.getProperty("vnsnap.repository", ""));
    if (!Files.isDirectory(repository.resolve("net-actor"))) {
      throw new IllegalStateException(
          "mutations need the sources: start this with ./vnsnap simulate");
    }
    return repository;
  }
}
