package io.vnsnap.proto.wire;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.ExtendedActorSystem;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Adapter;
import akka.actor.typed.javadsl.Behaviors;
import java.io.NotSerializableException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;

/** Bytes that nobody wrote, as a broken journal or a hostile peer may hand them over. */
class DamagedMessagesTest {
  private static final ActorSystem<Void> SYSTEM = ActorSystem.create(Behaviors.empty(), "damaged");
  private static final WireSerializer SERIALIZER =
      new WireSerializer((ExtendedActorSystem) Adapter.toClassic(SYSTEM));

  @AfterContainer
  static void stop() {
    SYSTEM.terminate();
  }

  @Property(tries = 5000)
  void shouldReadOrRefuseButNeverFailOtherwise(
      @ForAll @Size(max = 200) byte[] bytes, @ForAll boolean bare) {
    String manifest = bare ? "vne-event" : "vne-report";
    try {
      assertThat(SERIALIZER.fromBinary(bytes, manifest)).isNotNull();
    } catch (NotSerializableException e) {
      assertThat(e).hasMessageContaining(manifest);
    }
  }

  @Property(tries = 5000)
  void shouldReadOrRefuseEnvelopes(@ForAll @Size(max = 200) byte[] bytes) {
    try {
      assertThat(SERIALIZER.fromBinary(bytes, "vne-ask")).isInstanceOf(ToVne.Ask.class);
    } catch (NotSerializableException e) {
      assertThat(e).hasMessageContaining("vne-ask");
    }
  }
}
