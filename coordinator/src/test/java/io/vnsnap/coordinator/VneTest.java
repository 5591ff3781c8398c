package io.vnsnap.coordinator;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** A fresh VNE for each test, all in one actor system per class. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class VneTest {
  final ActorTestKit kit = ActorTestKit.create(VneHarness.config());
  VneHarness vne = new VneHarness(kit);

  @BeforeEach
  void freshVne() {
    vne.stop();
    vne = new VneHarness(kit);
  }

  @AfterEach
  void stopVne() {
    vne.stop();
  }

  @AfterAll
  void stopKit() {
    kit.shutdownTestKit();
  }
}
