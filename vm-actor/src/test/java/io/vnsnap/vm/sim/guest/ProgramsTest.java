package io.vnsnap.vm.sim.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ProgramsTest {
  private static final String TRAFFIC = "sim.program=traffic vnsnap.udp=50 vnsnap.tcp=20000";
  private static final String BANK = "sim.program=bank vnsnap.udp=50";
  private static final String RING = "sim.program=ring";
  private static final int WARM_UP_TICKS = 50;
  private static final int SECONDS_3 = 300;

  private final AtomicInteger frames = new AtomicInteger();

  /** Does something to the n-th frame from now on, if it is one of those with a number. */
  private static Function<byte[], List<byte[]>> atFrame(
      int n, AtomicInteger count, Function<byte[], List<byte[]>> fault) {
    return frame -> count.incrementAndGet() == n ? fault.apply(frame) : List.of(frame);
  }

  private static void assertClean(GuestNetwork network) {
    for (GuestNetwork.Node node : network.nodes) {
      assertThat(node.report())
          .containsEntry("lost", "0")
          .containsEntry("duplicated", "0")
          .containsEntry("reordered", "0")
          .containsEntry("corrupt", "0")
          .containsEntry("broken", "0")
          .containsEntry("memory", "ok")
          .containsEntry("dropped", "0");
      assertThat(node.console).noneMatch(line -> line.contains("ERROR"));
    }
  }

  @Test
  void shouldExchangeVerifiedTrafficOnAGoodWire() {
    GuestNetwork network = new GuestNetwork(TRAFFIC, 3).run(SECONDS_3);
    assertClean(network);
    for (GuestNetwork.Node node : network.nodes) {
      assertThat(node.console.get(0)).matches("BOOTED vm[0-2]");
      assertThat(node.console.get(1))
          .matches(
              "VNTRAFFIC vm=vm\\d tick=1 peers=2/2 udp_sent=\\d+ udp_received=\\d+ lost=0"
                  + " duplicated=0 reordered=0 tcp_sent=\\d+ tcp_received=\\d+ corrupt=0 broken=0"
                  + " memory=ok dropped=0 program=traffic repeated=0");
      assertThat(node.figure("tick")).isEqualTo(3);
      assertThat(node.figure("udp_received")).isBetween(250L, 300L);
      assertThat(node.figure("tcp_received")).isBetween(100_000L, 120_000L);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {TRAFFIC, BANK, RING})
  void shouldNoticeALostFrame(String program) {
    GuestNetwork network = new GuestNetwork(program, 3).run(WARM_UP_TICKS);
    network.wire = atFrame(3, frames, frame -> List.of());
    network.run(SECONDS_3);
    if (program.equals(RING)) {
      assertThat(network.sum("tokens")).isZero();
    } else {
      assertThat(network.sum("lost")).isEqualTo(1);
      assertThat(network.sum("reordered") + network.sum("duplicated")).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {TRAFFIC, BANK, RING})
  void shouldNoticeADoubledFrame(String program) {
    GuestNetwork network = new GuestNetwork(program, 3).run(WARM_UP_TICKS);
    network.wire = atFrame(3, frames, frame -> List.of(frame, frame));
    network.run(SECONDS_3);
    assertThat(network.sum("duplicated")).isEqualTo(1);
    assertThat(network.sum("lost") + network.sum("reordered")).isZero();
    assertThat(network.nodes)
        .anySatisfy(
            node -> assertThat(node.console).anyMatch(line -> line.contains("kind=duplicated")));
  }

  @ParameterizedTest
  @ValueSource(strings = {TRAFFIC, BANK})
  void shouldNoticeSwappedFrames(String program) {
    GuestNetwork network = new GuestNetwork(program, 2).run(WARM_UP_TICKS);
    List<byte[]> late = new ArrayList<>();
    network.wire =
        frame -> {
          if (frames.incrementAndGet() == 3) {
            late.add(frame);
            return List.of();
          }
          // The next one of the same sender goes first.
          if (!late.isEmpty() && late.get(0)[11] == frame[11]) {
            return List.of(frame, late.remove(0));
          }
          return List.of(frame);
        };
    network.run(SECONDS_3);
    assertThat(network.sum("reordered")).isEqualTo(1);
    assertThat(network.sum("lost") + network.sum("duplicated")).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {TRAFFIC, BANK, RING})
  void shouldNoticeADamagedFrame(String program) {
    GuestNetwork network = new GuestNetwork(program, 2).run(WARM_UP_TICKS);
    network.wire =
        atFrame(
            3,
            frames,
            frame -> {
              frame[frame.length - 1] ^= 1;
              return List.of(frame);
            });
    network.run(SECONDS_3);
    assertThat(network.sum("corrupt")).isEqualTo(1);
  }

  @Test
  void shouldNoticeAStreamWhoseBytesAreWrong() {
    GuestNetwork network = new GuestNetwork(TRAFFIC, 2).run(WARM_UP_TICKS);
    Frame scratch = new Frame();
    network.wire =
        frame -> {
          System.arraycopy(frame, 0, scratch.bytes(), 0, frame.length);
          scratch.received(0, frame.length);
          if (scratch.message() == Message.STREAM && frames.incrementAndGet() == 2) {
            scratch.bytes()[frame.length - 1] ^= 1;
            scratch.bytes()[frame.length - 9] ^= 1;
            return List.of(sealedAgain(scratch));
          }
          return List.of(frame);
        };
    network.run(SECONDS_3);
    assertThat(network.sum("corrupt")).isEqualTo(2);
    assertThat(network.sum("lost")).isZero();
  }

  private static byte[] sealedAgain(Frame frame) {
    long destination = Frame.parseMac(hex(frame.bytes(), 0));
    Message message = frame.message();
    assertThat(message).isNotNull();
    frame.seal(
        destination, frame.source(), java.util.Objects.requireNonNull(message), frame.bodyLength());
    return java.util.Arrays.copyOf(frame.bytes(), frame.length());
  }

  private static String hex(byte[] bytes, int from) {
    return java.util.HexFormat.of().formatHex(bytes, from, from + 6);
  }

  @Test
  void shouldRepeatWhatAStreamHasLost() {
    GuestNetwork network = new GuestNetwork(TRAFFIC, 2).run(WARM_UP_TICKS);
    network.wire = frame -> frames.incrementAndGet() % 10 == 0 ? List.of() : List.of(frame);
    network.run(3 * SECONDS_3);
    network.wire = List::of;
    network.run(2 * SECONDS_3);
    assertThat(network.sum("repeated")).isPositive();
    assertThat(network.sum("corrupt") + network.sum("broken")).isZero();
    assertThat(network.sum("tcp_sent") - network.sum("tcp_received"))
        .isLessThan(2L * OutgoingStream.MAX_IN_FLIGHT);
    assertThat(network.sum("tcp_received")).isGreaterThan(300_000);
  }

  @Test
  void shouldKeepAllMoneyOnAGoodWire() {
    GuestNetwork network = new GuestNetwork(BANK + " sim.seconds=2", 4).run(2 * SECONDS_3);
    assertClean(network);
    assertThat(network.sum("balance")).isEqualTo(4 * Bank.CAPITAL);
    assertThat(network.sum("money_sent")).isEqualTo(network.sum("money_received")).isPositive();
    assertThat(network.sum("money_missing") + network.sum("violations")).isZero();
  }

  @Test
  void shouldKnowWhatLostMoneyWasWorth() {
    GuestNetwork network = new GuestNetwork(BANK + " sim.seconds=2", 3).run(WARM_UP_TICKS);
    network.wire = atFrame(5, frames, frame -> List.of());
    network.run(2 * SECONDS_3);
    assertThat(network.sum("money_missing")).isPositive();
    assertThat(network.sum("balance") + network.sum("money_missing")).isEqualTo(3 * Bank.CAPITAL);
    assertThat(network.sum("violations")).isZero();
  }

  @Test
  void shouldHaveExactlyOneToken() {
    GuestNetwork network = new GuestNetwork(RING, 4).run(SECONDS_3);
    assertClean(network);
    assertThat(network.sum("tokens")).isEqualTo(1);
    assertThat(network.sum("udp_received")).isEqualTo(network.sum("udp_sent")).isGreaterThan(100);
    assertThat(network.sum("violations")).isZero();
  }

  @Test
  void shouldNoticeASecondToken() {
    GuestNetwork network = new GuestNetwork(RING, 3).run(SECONDS_3);
    // What a restore that is not consistent does: one guest goes back to when it held the token.
    GuestNetwork.Node back =
        network.nodes.stream().filter(node -> node.figure("tokens") == 0).findFirst().orElseThrow();
    List<byte[]> sent = new ArrayList<>();
    network.wire =
        frame -> {
          sent.add(frame);
          return List.of(frame);
        };
    network.run(3);
    network.wire = List::of;
    sent.forEach(frame -> back.guest.offer(0, frame, frame.length));
    network.run(3);
    assertThat(network.sum("duplicated")).isPositive();
  }

  @ParameterizedTest
  @ValueSource(strings = {BANK, RING})
  void shouldNoticeMoneyFromNowhereAndAnotherToken(String program) {
    GuestNetwork network = new GuestNetwork(program, 3).run(WARM_UP_TICKS);
    Frame scratch = new Frame();
    network.wire =
        atFrame(
            3,
            frames,
            frame -> {
              System.arraycopy(frame, 0, scratch.bytes(), 0, frame.length);
              scratch.received(0, frame.length);
              scratch.setWord(0, scratch.word(0) + 7);
              return List.of(sealedAgain(scratch));
            });
    network.run(SECONDS_3);
    assertThat(network.sum("violations")).isPositive();
    assertThat(network.sum("lost") + network.sum("duplicated") + network.sum("corrupt")).isZero();
  }

  @Test
  void shouldGoOnWhenACardTakesNothingForAWhile() {
    GuestNetwork network = new GuestNetwork(TRAFFIC, 2).run(WARM_UP_TICKS);
    network.nodes.get(0).blocked = true;
    network.run(SECONDS_3);
    network.nodes.get(0).blocked = false;
    network.run(SECONDS_3);
    assertClean(network);
    assertThat(network.nodes.get(1).figure("udp_received")).isGreaterThan(150);
  }

  @Test
  void shouldNoticeTornMemory() {
    GuestNetwork network = new GuestNetwork(TRAFFIC, 2).run(WARM_UP_TICKS);
    GuestNetwork.Node victim = network.nodes.get(0);
    FrozenMemory earlier = victim.memory.freeze();
    int last = earlier.size() - 1;
    byte[] page = java.util.Objects.requireNonNull(earlier.take(last)).clone();
    earlier.release();
    network.run(WARM_UP_TICKS);
    assertClean(network);
    victim.memory.load(last, page);
    network.run(SECONDS_3);
    assertThat(victim.report()).containsEntry("memory", "torn");
    assertThat(network.nodes.get(1).report()).containsEntry("memory", "ok");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sim.program=other",
        "sim.pages=1",
        "vnsnap.udp=-1",
        "vnsnap.udp=many",
        "vnsnap.tcp=9999999999",
        "vnsnap.ip=10.0.0.256",
        "vnsnap.peers=10.0.0.2",
        "vnsnap.ip=10.0.0.1 vnsnap.peers=10.0.0.1",
        "vnsnap.ip=10.0.0.1 vnsnap.peers=10.0.0.2,10.0.0.2",
        "sim.pages=1000",
      })
  void shouldRefuseAWrongCommandLine(String line) {
    GuestNetwork.Node any = new GuestNetwork(RING, 1).nodes.get(0);
    assertThatThrownBy(() ->
            new Guest(
                line,
                List.of("52:54:00:00:00:01"),
                new GuestMemory(64),
                any,
                new Guest.Options(GuestNetwork.TICK, 1, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .message()
        .isNotBlank();
  }
}
