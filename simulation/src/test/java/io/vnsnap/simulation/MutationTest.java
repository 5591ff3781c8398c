package io.vnsnap.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.vnsnap.simulation.mutation.Mutation;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Bugs that were put back on purpose. */
class MutationTest {
  private static final int SEEDS = 300;

  private ClassLoader ours = MutationTest.class.getClassLoader();

  @BeforeEach
  void rememberClassLoader() {
    ours = Thread.currentThread().getContextClassLoader();
  }

  @AfterEach
  void forgetMutant() {
    Thread.currentThread().setContextClassLoader(ours);
  }

  @ParameterizedTest
  @EnumSource
  @Timeout(value = 15, unit = TimeUnit.MINUTES)
  void shouldBeCaught(Mutation mutation) throws Exception {
    LongFunction<String> check = Mutants.check(mutation);
    String found = "";
    long seed = 0;
    while (seed < SEEDS && found.isEmpty()) {
      seed++;
      found = check.apply(seed);
    }
    assertThat(found).as("what is wrong with " + mutation.word()).isNotEmpty();
    assertThat(Mutants.unchanged().apply(seed))
        .as("what is wrong with seed %d without the mutation, loaded the same way", seed)
        .isEmpty();
  }
}
