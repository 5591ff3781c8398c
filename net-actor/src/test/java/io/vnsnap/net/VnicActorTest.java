package io.vnsnap.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.gate.Gate;
import io.vnsnap.net.gate.GateCounters;
import io.vnsnap.net.gate.TestFrame;
import io.vnsnap.proto.RecordedFrame;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class VnicActorTest {
  private static final ActorTestKit KIT = ActorTestKit.create();
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final TestProbe<VnicActor.Reply> replies = KIT.createTestProbe(VnicActor.Reply.class);
  private final TestProbe<VnicEvent> events = KIT.createTestProbe(VnicEvent.class);
  private Path folder;
  private DataPlane plane;
  private Segment segment;
  private FakeQemu first;
  private FakeQemu second;

  @SuppressWarnings("NullAway.Init") // see setUp
  VnicActorTest() {}

  @BeforeEach
  void setUp() throws Exception {
    folder = Files.createTempDirectory(Path.of("/tmp"), "vn");
    plane = DataPlane.open(TwoHosts.settings());
    first = new FakeQemu(folder.resolve("0"), 0, 2);
    second = new FakeQemu(folder.resolve("1"), 1, 2);
    segment =
        plane.createSegment(
            new SegmentSpec(
                "vne",
                7,
                "a",
                List.of(
                    new Vnic(0, "vm0", "eth0", "52:54:00:00:00:00", "lan", "a"),
                    new Vnic(1, "vm1", "eth0", "52:54:00:00:00:01", "lan", "a")),
                Map.of(),
                Map.of()));
  }

  @AfterEach
  void tearDown() throws Exception {
    first.close();
    second.close();
    TwoHosts.done(segment.close());
    assertThat(plane.bufferBytes()).isZero();
    plane.close();
    Files.delete(folder.resolve("0"));
    Files.delete(folder.resolve("1"));
    Files.delete(folder);
  }

  @AfterAll
  static void shutDown() {
    KIT.shutdownTestKit();
  }

  private <T extends VnicActor.Reply> T ask(
      ActorRef<VnicActor.Command> vnic,
      Function<ActorRef<VnicActor.Reply>, VnicActor.Command> command,
      Class<T> reply) {
    vnic.tell(command.apply(replies.getRef()));
    return replies.expectMessageClass(reply, PATIENCE);
  }

  private ActorRef<VnicActor.Command> running(int number) {
    ActorRef<VnicActor.Command> vnic =
        KIT.spawn(VnicActor.create(segment, number, events.getRef()));
    Path socket = folder.resolve(String.valueOf(number));
    ask(vnic, to -> new VnicActor.Connect(socket, PATIENCE, to), VnicActor.Connected.class);
    await().atMost(PATIENCE).until((number == 0 ? first : second)::isConnected);
    ask(vnic, VnicActor.Open::new, VnicActor.Opened.class);
    return vnic;
  }

  @Test
  void shouldCommandACutAndReportTheLog() {
    ActorRef<VnicActor.Command> one = running(0);
    ActorRef<VnicActor.Command> two = running(1);
    first.send(1, 100);
    ask(one, to -> new VnicActor.Hold(1, to), VnicActor.Held.class);
    ask(one, to -> new VnicActor.TurnRed(1, to), VnicActor.TurnedRed.class);
    assertThat(events.expectMessageClass(VnicEvent.RedSeen.class, PATIENCE))
        .isEqualTo(new VnicEvent.RedSeen(1, 1));
    second.send(0, 100);
    VnicActor.Held held = ask(two, to -> new VnicActor.Hold(1, to), VnicActor.Held.class);
    assertThat(held.quiet()).isTrue();
    ask(two, to -> new VnicActor.TurnRed(1, to), VnicActor.TurnedRed.class);
    VnicActor.Released released =
        ask(one, to -> new VnicActor.Release(1, to), VnicActor.Released.class);
    assertThat(released.heldFrames()).isEqualTo(1);
    VnicEvent.LogClosed log = events.expectMessageClass(VnicEvent.LogClosed.class, PATIENCE);
    assertThat(log.vnic()).isZero();
    assertThat(log.frames()).extracting(RecordedFrame::getFrom).containsExactly(1);
    assertThat(TestFrame.of(log.frames().iterator().next())).isEqualTo(new TestFrame(0, 1, 0));
    ask(two, to -> new VnicActor.Release(1, to), VnicActor.Released.class);
    assertThat(events.expectMessageClass(VnicEvent.LogClosed.class, PATIENCE).vnic()).isOne();
  }

  @Test
  void shouldRefuseWithAReasonWhatMakesNoSense() {
    ActorRef<VnicActor.Command> vnic = KIT.spawn(VnicActor.create(segment, 0, events.getRef()));
    assertThat(ask(vnic, VnicActor.Open::new, VnicActor.Refused.class).reason())
        .isEqualTo("the VM's network socket is not connected");
    Path nowhere = folder.resolve("none");
    assertThat(
            ask(
                    vnic,
                    to -> new VnicActor.Connect(nowhere, Duration.ofMillis(50), to),
                    VnicActor.Refused.class)
                .reason())
        .contains(nowhere.toString());
    VnicActor.Refused early =
        ask(vnic, to -> new VnicActor.Release(1, to), VnicActor.Refused.class);
    assertThat(early.reason()).contains("cut 1");
    assertThat(
            ask(vnic, to -> new VnicActor.Preload(List.of(), to), VnicActor.Preloaded.class)
                .frames())
        .isZero();
    VnicActor.Aborted aborted =
        ask(vnic, to -> new VnicActor.Abort(3, to), VnicActor.Aborted.class);
    assertThat(aborted.epoch()).isEqualTo(3);
  }

  @Test
  void shouldLogWhatDidNotGetThroughWhenItIsClosed() {
    try (LogLines log = new LogLines()) {
      ActorRef<VnicActor.Command> vnic = running(0);
      first.write(new TestFrame(1, 3, 0).framed().nioBuffer()); // says it is VNIC 3
      first.write(new TestFrame(1, 3, 0).framed().nioBuffer());
      events.expectMessage(PATIENCE, new VnicEvent.Refusing(0));
      await().atMost(PATIENCE).until(() -> count(vnic).refused().total() == 2);
      ask(vnic, VnicActor.Close::new, VnicActor.Closed.class);
      assertThat(log.with("is closed"))
          .singleElement()
          .asString()
          .startsWith("INFO VNIC vne: vm0/eth0")
          .endsWith("0 frames sent, 0 delivered; refused from the VM 2 (forged source 2)");
      events.expectNoMessage(Duration.ZERO);
    }
  }

  @Test
  void shouldReportATornFrameAsTheEndOfTheSocketOnly() throws Exception {
    ActorRef<VnicActor.Command> vnic = running(0);
    first.write(ByteBuffer.wrap(new byte[] {0, 0, 5, 0, 1, 2, 3}));
    first.close();
    assertThat(events.expectMessageClass(VnicEvent.PortClosed.class, PATIENCE).reason())
        .contains("in the middle of a frame");
    assertThat(count(vnic).refused().of(BadInput.TORN)).isEqualTo(1);
    events.expectNoMessage(Duration.ZERO);
  }

  private GateCounters count(ActorRef<VnicActor.Command> vnic) {
    return ask(vnic, VnicActor.Count::new, VnicActor.Counted.class).counters();
  }

  @Test
  void shouldReportThatTheVmIsGoneAndEndWhenClosed() throws Exception {
    ActorRef<VnicActor.Command> vnic = running(0);
    first.close();
    assertThat(events.expectMessageClass(VnicEvent.PortClosed.class, PATIENCE).reason())
        .isEqualTo("the VM closed its network socket");
    VnicActor.Counted counted = ask(vnic, VnicActor.Count::new, VnicActor.Counted.class);
    assertThat(counted.counters().state()).isEqualTo(Gate.State.OPEN);
    ask(vnic, VnicActor.Close::new, VnicActor.Closed.class);
    replies.expectTerminated(vnic, PATIENCE);
  }
}
