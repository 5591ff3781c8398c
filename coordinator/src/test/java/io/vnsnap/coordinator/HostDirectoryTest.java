package io.vnsnap.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.wire.HostKey;
import io.vnsnap.proto.wire.ToHost;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class HostDirectoryTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final ActorTestKit kit = ActorTestKit.create();
  private final ActorRef<HostDirectory.Command> directory =
      kit.spawn(HostDirectory.create(Duration.ofMillis(300)));
  private final TestProbe<HostDirectory.Hosts> watcher =
      kit.createTestProbe(HostDirectory.Hosts.class);

  @AfterEach
  void stop() {
    kit.shutdownTestKit();
  }

  private ActorRef<ToHost> register(ActorRef<ToHost> host) {
    kit.system().receptionist().tell(Receptionist.register(HostKey.SERVICE, host));
    return host;
  }

  private ActorRef<ToHost> start(String name, HostDescription description) {
    Behavior<ToHost> behavior =
        Behaviors.receive(ToHost.class)
            .onMessage(
                ToHost.Describe.class,
                describe -> {
                  describe.replyTo().tell(description);
                  return Behaviors.same();
                })
            .build();
    return register(kit.spawn(behavior, HostKey.actorName(name)));
  }

  private HostDirectory.Described described() {
    TestProbe<HostDirectory.Described> probe = kit.createTestProbe(HostDirectory.Described.class);
    directory.tell(new HostDirectory.DescribeAll(probe.ref()));
    return probe.receiveMessage(PATIENCE);
  }

  private void awaitHosts(String... names) {
    await()
        .atMost(PATIENCE)
        .until(() -> watcher.receiveMessage(PATIENCE).byName().keySet().equals(Set.of(names)));
  }

  @Test
  void shouldTellWatchersWhichHostsThereAreAndWhenOneGoes() {
    directory.tell(new HostDirectory.Watch(watcher.ref()));
    awaitHosts();
    ActorRef<ToHost> a = start("a", Topologies.host("a", 100, 0));
    awaitHosts("a");
    start("b", Topologies.host("b", 100, 0));
    awaitHosts("a", "b");
    kit.stop(a);
    awaitHosts("b");
  }

  @Test
  void shouldDescribeUsableHostsAndSayWhyOthersAreNot() {
    directory.tell(new HostDirectory.Watch(watcher.ref()));
    start("a", Topologies.host("a", 100, 0));
    start("b", Topologies.host("b", 100, 0).toBuilder().setUnusableReason("no QEMU").build());
    register(kit.spawn(Behaviors.<ToHost>ignore(), HostKey.actorName("slow")));
    awaitHosts("a", "b", "slow");
    HostDirectory.Described described = described();
    assertThat(described.usable().keySet()).containsExactly("a");
    assertThat(described.unusable())
        .containsEntry("b", "no QEMU")
        .containsEntry("slow", "it did not say what it has within 300 ms");
    assertThat(described.silent()).containsExactly("slow");
    assertThat(described.all())
        .filteredOn(HostDescription::getSilent)
        .extracting(HostDescription::getHost)
        .containsExactly("slow");
    assertThat(described.all())
        .extracting(HostDescription::getHost)
        .containsExactly("a", "b", "slow");
  }

  @Test
  void shouldUseNeitherOfTwoHostsOfOneName() {
    directory.tell(new HostDirectory.Watch(watcher.ref()));
    start("a", Topologies.host("a", 100, 0));
    awaitHosts("a");
    kit.spawn(
        Behaviors.<ToHost>setup(context -> {
          register(context.spawn(Behaviors.<ToHost>empty(), HostKey.actorName("a")));
          return Behaviors.empty();
        }));
    await().atMost(PATIENCE).until(() -> !watcher.receiveMessage(PATIENCE).duplicates().isEmpty());
    HostDirectory.Described described = described();
    assertThat(described.usable()).isEmpty();
    assertThat(described.duplicates()).singleElement().asString().startsWith("a (at ");
  }

  @Test
  void shouldAnswerAtOnceWhenThereAreNoHosts() {
    assertThat(described().all()).isEmpty();
  }
}
