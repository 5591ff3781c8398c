package io.vnsnap.net.trunk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.typesafe.config.ConfigFactory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.vnsnap.net.LogLines;
import io.vnsnap.net.NetSettings;
import io.vnsnap.net.frame.CountingAllocator;
import io.vnsnap.net.frame.Flusher;
import io.vnsnap.net.frame.Framing;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterProperty;

/**
 * A million connections on which the receiving host answers anything. What makes no sense ends the
 * connection, and is named in the log once; it does no harm to what is kept for the next one.
 */
class TrunkAnswerFuzzTest {
  /** Takes some hundredths of a second; longer than this is a hang. */
  private static final Duration A_TRY = Duration.ofSeconds(30);

  private static final int TRUNKS_PER_TRY = 100;
  private static final int CONNECTIONS_PER_TRUNK = 10;
  private static final TrunkSettings.Sending SETTINGS =
      NetSettings.from(ConfigFactory.load()).trunk().sending();

  /** A record that is not whole, in a buffer that has grown. */
  private static final int MOST_MEMORY = 2 * (Framing.LENGTH_BYTES + TrunkRecords.MAX_ANSWER) + 64;

  /** What the trunk should make of the answers, told from all of them at once. */
  private static final class Expected {
    /** Records that were queued. */
    long queued;

    /** The last record that may be acknowledged. */
    long handedOver;

    long acknowledged;

    /** Whether a connection with these answers goes on. */
    boolean goesOn(ByteBuf answers) {
      boolean welcomed = false;
      for (int at = 0; answers.writerIndex() - at >= Framing.LENGTH_BYTES; ) {
        long length = answers.getUnsignedInt(at);
        at += Framing.LENGTH_BYTES;
        if (length > TrunkRecords.MAX_ANSWER) {
          return false;
        }
        if (answers.writerIndex() - at < length) {
          return true;
        }
        ByteBuf record = answers.slice(at, (int) length);
        if (welcomed ? length != Long.BYTES : !isWelcome(record)) {
          return false;
        }
        at += (int) length;
        long received = answers.getLong(at - Long.BYTES);
        if (received < acknowledged || received > handedOver) {
          return false;
        }
        acknowledged = received;
        handedOver = queued;
        welcomed = true;
      }
      return true;
    }

    private static boolean isWelcome(ByteBuf record) {
      ByteBuf right = Unpooled.buffer();
      TrunkRecords.writeWelcome(right, 0);
      int before = right.readableBytes() - Framing.LENGTH_BYTES - Long.BYTES;
      return record.readableBytes() == before + Long.BYTES
          && record.slice(0, before).equals(right.slice(Framing.LENGTH_BYTES, before));
    }
  }

  private final LogLines log = LogLines.instead();
  private final CountingAllocator allocator = new CountingAllocator();
  private final LocalTransport transport = new LocalTransport();
  private final ByteBuf answers = Unpooled.buffer(1024);
  private long cutOff;
  private long acknowledged;

  @AfterProperty
  void stopListening() {
    log.close();
    transport.close();
  }

  @Property(tries = 1000, shrinking = ShrinkingMode.OFF)
  void shouldEndTheConnectionOverNonsenseAndNothingElse(@ForAll long seed) {
    assertTimeoutPreemptively(A_TRY, () -> useTrunks(seed));
  }

  private void useTrunks(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    cutOff = 0;
    acknowledged = 0;
    for (int i = 0; i < TRUNKS_PER_TRY; i++) {
      useTrunk(random);
      assertThat(allocator.bytes()).isZero();
    }
    // Both were met often, or this test is of no worth.
    int connections = TRUNKS_PER_TRY * CONNECTIONS_PER_TRUNK;
    assertThat(cutOff).isBetween(connections / 10L, connections * 9L / 10);
    assertThat(acknowledged).isGreaterThan(connections / 4);
  }

  private void useTrunk(SplittableRandom random) throws Exception {
    Trunk trunk =
        new Trunk(
            new TrunkTarget("a", "b", "b", 1),
            new Trunk.Outgoing(transport.connections(Duration.ZERO), allocator, SETTINGS, null),
            transport,
            new Flusher(transport::nanos),
            () -> {});
    Expected expected = new Expected();
    log.clear();
    for (int i = 0; i < CONNECTIONS_PER_TRUNK; i++) {
      queue(trunk, expected, random);
      answer(expected, random);
      long before = expected.acknowledged;
      boolean goesOn = expected.goesOn(answers);
      boolean open = connect(trunk, random);
      assertThat(open).as("goes on").isEqualTo(goesOn);
      assertThat(trunk.hello().first()).as("goes on at").isEqualTo(expected.acknowledged + 1);
      assertThat(allocator.bytes()).as("memory after it").isEqualTo(trunk.bytes());
      // All connections of a trunk that break, one after the other, are one line in the log.
      List<String> warnings = log.with("WARN");
      assertThat(warnings).hasSize(1);
      if (i == 0) {
        requireReason(warnings.getFirst(), goesOn);
      }
      cutOff += goesOn ? 0 : 1;
      acknowledged += expected.acknowledged - before;
    }
    trunk.close();
  }

  private static void requireReason(String line, boolean goesOn) {
    if (goesOn) {
      assertThat(line).contains("is down: the connection has ended;");
    } else {
      assertThat(line)
          .containsPattern(
              "is down: the other side (sent nonsense: its? |does not speak the trunk's language)");
    }
  }

  private static void queue(Trunk trunk, Expected expected, SplittableRandom random) {
    for (int i = random.nextInt(4); i > 0; i--) {
      int length = random.nextInt(16) == 0 ? 1514 : 60;
      ByteBuf framed = Unpooled.buffer(Framing.LENGTH_BYTES + length);
      framed.writeInt(length).writeZero(length);
      expected.queued++;
      assertThat(trunk.append(new ChannelAddress(1, 2, 3), 0, expected.queued, framed, 1)).isTrue();
    }
  }

  /**
   * Connects, and is answered in pieces. An exception would come out of here.
   *
   * @return whether the connection was still open after that
   */
  private boolean connect(Trunk trunk, SplittableRandom random) throws Exception {
    EmbeddedChannel channel = new EmbeddedChannel(false, false);
    channel.config().setAllocator(allocator);
    TrunkOutbound outbound = new TrunkOutbound(trunk, null, channel);
    channel.pipeline().addLast(outbound);
    channel.register();
    // As a connection does that reads on until it hears that it is closed.
    while (answers.isReadable()) {
      int most = random.nextBoolean() ? 2 * Framing.LENGTH_BYTES : answers.readableBytes();
      int size = 1 + random.nextInt(Math.min(most, answers.readableBytes()));
      outbound.channelRead(channel.pipeline().firstContext(), answers.readRetainedSlice(size));
      boolean unused = channel.releaseOutbound();
      assertThat(allocator.bytes() - trunk.bytes()).isLessThanOrEqualTo(MOST_MEMORY);
    }
    assertThat(answers.refCnt()).isEqualTo(1);
    boolean open = channel.isOpen();
    var closing = channel.close();
    assertThat(closing.isSuccess()).isTrue();
    boolean unused = channel.releaseOutbound();
    channel.checkException();
    return open;
  }

  /** A welcome and acknowledgements, mostly; then some damage, at times. */
  private void answer(Expected expected, SplittableRandom random) {
    answers.clear();
    if (random.nextInt(16) == 0) {
      for (int i = random.nextInt(64); i > 0; i--) {
        answers.writeByte(random.nextInt());
      }
      return;
    }
    long received = number(random, expected.acknowledged, expected.handedOver);
    TrunkRecords.writeWelcome(answers, received);
    for (int i = random.nextInt(5); i > 0; i--) {
      if (random.nextInt(20) == 0) {
        int length = length(random);
        answers.writeInt(length).writeZero(Math.clamp(length, 0, 40));
      } else {
        received = number(random, Math.clamp(received, 0, expected.queued), expected.queued);
        TrunkRecords.writeAcknowledgement(answers, received);
      }
    }
    for (int i = random.nextInt(8) - 5; i > 0 && answers.isReadable(); i--) {
      int at = random.nextInt(answers.writerIndex());
      switch (random.nextInt(3)) {
        case 0 -> answers.setByte(at, random.nextInt());
        case 1 -> answers.setByte(at, answers.getByte(at) ^ (1 << random.nextInt(8)));
        default -> answers.writerIndex(at);
      }
    }
  }

  /** From the first to the last, mostly. */
  private static long number(SplittableRandom random, long first, long last) {
    return switch (random.nextInt(40)) {
      case 0 -> first - 1;
      case 1 -> last + 1;
      case 2 -> random.nextLong();
      case 3 -> random.nextBoolean() ? Long.MAX_VALUE : Long.MIN_VALUE;
      default -> first + random.nextLong(last - first + 1);
    };
  }

  /** Of a record, right only by chance. */
  private static int length(SplittableRandom random) {
    int[] edges = {
      0,
      1,
      Long.BYTES - 1,
      Long.BYTES + 1,
      TrunkRecords.MAX_ANSWER,
      TrunkRecords.MAX_ANSWER + 1,
      Integer.MAX_VALUE,
      -1
    };
    return random.nextInt(4) == 0 ? random.nextInt() : edges[random.nextInt(edges.length)];
  }
}
