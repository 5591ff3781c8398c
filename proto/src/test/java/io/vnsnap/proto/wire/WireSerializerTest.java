package io.vnsnap.proto.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.ExtendedActorSystem;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.Behaviors;
import akka.serialization.Serialization;
import akka.serialization.SerializationExtension;
import com.google.protobuf.ByteString;
import com.typesafe.config.ConfigFactory;
import io.vnsnap.proto.ConsoleAttach;
import io.vnsnap.proto.ConsoleOutput;
import io.vnsnap.proto.ConsoleRequest;
import io.vnsnap.proto.GetStatus;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.HostOrder;
import io.vnsnap.proto.HostReport;
import io.vnsnap.proto.Refused;
import io.vnsnap.proto.Undeploy;
import io.vnsnap.proto.Undeployed;
import io.vnsnap.proto.VneEvent;
import io.vnsnap.proto.VneList;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneState;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.proto.WentDown;
import java.io.NotSerializableException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class WireSerializerTest {
  private static final ActorSystem<Void> SYSTEM =
      ActorSystem.create(
          Behaviors.empty(),
          "wire",
          ConfigFactory.parseString("akka.actor.allow-java-serialization = off")
              .withFallback(ConfigFactory.load()));
  private static final Serialization SERIALIZATION = SerializationExtension.get(SYSTEM);
  private static final ExtendedActorSystem CLASSIC =
      (ExtendedActorSystem) Adapter.toClassic(SYSTEM);

  private static <T> ActorRef<T> actor() {
    return SYSTEM.systemActorOf(Behaviors.<T>empty(), "probe-" + System.nanoTime(), Props.empty());
  }

  @AfterAll
  static void stop() {
    SYSTEM.terminate();
  }

  static Stream<Object> everything() {
    VneRequest request =
        VneRequest.newBuilder().setVne("shop").setGetStatus(GetStatus.getDefaultInstance()).build();
    return Stream.of(
        new ToVne.Ask(request, actor()),
        new ToVne.Report(
            HostReport.newBuilder()
                .setVne("shop")
                .setUndeployed(Undeployed.getDefaultInstance())
                .build()),
        new ToHost.Order(
            HostOrder.newBuilder()
                .setGeneration(3)
                .setUndeploy(Undeploy.getDefaultInstance())
                .build()),
        new ToHost.Describe(actor()),
        new ToHost.Console(
            ConsoleRequest.newBuilder()
                .setVm("web")
                .setAttach(ConsoleAttach.getDefaultInstance())
                .build(),
            actor()),
        new ToVneDirectory.ListNames(actor()),
        VneReply.newBuilder().setRefused(Refused.newBuilder().setReason("no")).build(),
        VneEvent.newBuilder().setAtEpochMs(5).setWentDown(WentDown.getDefaultInstance()).build(),
        VneState.newBuilder().setEpoch(9).build(),
        HostDescription.newBuilder().setHost("a").build(),
        ConsoleOutput.newBuilder().setData(ByteString.copyFromUtf8("login:")).build(),
        VneList.newBuilder().addVnes(VneStatus.newBuilder().setVne("shop")).build());
  }

  @ParameterizedTest
  @MethodSource("everything")
  void shouldReadBackWhatItWrote(Object message) throws NotSerializableException {
    byte[] bytes = SERIALIZATION.serialize(message).get();
    WireSerializer serializer = (WireSerializer) SERIALIZATION.findSerializerFor(message);
    assertThat(serializer.fromBinary(bytes, serializer.manifest(message))).isEqualTo(message);
  }

  /** Journals hold these: a change here is a change that cannot be read back. */
  @Test
  void shouldKeepItsManifests() {
    WireSerializer serializer = new WireSerializer(CLASSIC);
    Map<Class<?>, String> manifests = new HashMap<>();
    everything()
        .forEach(message -> manifests.put(message.getClass(), serializer.manifest(message)));
    assertThat(serializer.identifier()).isEqualTo(7_661_001);
    assertThat(manifests.values())
        .containsExactlyInAnyOrder(
            "vne-ask",
            "vne-report",
            "host-order",
            "host-describe",
            "host-console",
            "directory-list-names",
            "vne-reply",
            "vne-event",
            "vne-state",
            "host-description",
            "console-output",
            "vne-list");
    assertThat(manifests).containsEntry(VneEvent.class, "vne-event");
    assertThat(manifests).containsEntry(VneState.class, "vne-state");
  }

  @Test
  void shouldSayThatAnUnknownManifestMayBeOfAnotherVersion() {
    assertThatThrownBy(() -> new WireSerializer(CLASSIC).fromBinary(new byte[0], "vne-future"))
        .isInstanceOf(NotSerializableException.class)
        .hasMessageContaining("vne-future")
        .hasMessageContaining("another version");
  }

  @Test
  void shouldNotWriteWhatIsNotAWireMessage() {
    WireSerializer serializer = new WireSerializer(CLASSIC);
    assertThatThrownBy(() -> serializer.toBinary("text"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> serializer.manifest("text"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldTellHostsByTheNameOfTheirActor() {
    ActorRef<ToHost> host =
        SYSTEM.systemActorOf(Behaviors.<ToHost>empty(), HostKey.actorName("rack-7"), Props.empty());
    assertThat(HostKey.hostName(host)).isEqualTo("rack-7");
    ActorRef<ToHost> other = actor();
    assertThatThrownBy(() -> HostKey.hostName(other)).isInstanceOf(IllegalArgumentException.class);
  }
}
