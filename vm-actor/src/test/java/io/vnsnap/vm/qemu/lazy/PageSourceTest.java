package io.vnsnap.vm.qemu.lazy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.vnsnap.store.DamagedSnapshotException;
import io.vnsnap.vm.StartHints;
import io.vnsnap.vm.qemu.lazy.FakePeer.Place;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The source against a peer that takes the stream apart. */
@Timeout(60)
class PageSourceTest {
  private static final int RAM = 2;
  private static final int PAGES = 207;
  private static final String OPENING = "opening";

  private final KeptHint hints = new KeptHint();
  private FakePeer peer;
  private SmallImage image = new SmallImage();

  private static final class KeptHint implements StartHints {
    private volatile @Nullable ByteBuffer hint;

    @Override
    public Optional<ByteBuffer> read() {
      return Optional.ofNullable(hint).map(ByteBuffer::duplicate);
    }

    @Override
    public void keep(ByteBuffer kept) {
      hint = kept;
    }
  }

  @BeforeEach
  void connect() throws IOException {
    peer = new FakePeer();
  }

  @AfterEach
  void disconnect() throws IOException {
    peer.close();
  }

  private PageSource start(int batch, int near) throws IOException {
    PageSource source = new PageSource("vm", peer.wire(), image, RAM, hints);
    byte[] opening = OPENING.getBytes(StandardCharsets.US_ASCII);
    source.start(
        ByteBuffer.allocateDirect(opening.length).put(opening).flip(),
        new PageSource.Pace(batch, near, Duration.ofMillis(1), Duration.ofMillis(100)));
    assertThat(new String(peer.readBytes(opening.length), StandardCharsets.US_ASCII))
        .isEqualTo(OPENING);
    return source;
  }

  private static Account get(PageSource source) throws Exception {
    return source.done().toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  @Test
  void shouldSendEveryPageOnceToAGuestThatAsksForNothing() throws Exception {
    PageSource source = start(8, 3);
    peer.takeAll();
    Account account = get(source);
    assertThat(peer.order()).hasSize(PAGES).doesNotHaveDuplicates();
    assertThat(account.pages()).isEqualTo(PAGES);
    assertThat(account.requests()).isZero();
    assertThat(source.bytes()).isEqualTo(source.totalBytes()).isEqualTo(PAGES * 4096L);
    assertThat(image.closed()).isTrue();
    assertThat(peer.wireClosed()).isTrue();
  }

  @Test
  void shouldAnswerAtOnceWhileTheStoreIsBusyWithTheRest() throws Exception {
    CountDownLatch scanned = new CountDownLatch(1);
    image = image.scanHangingUntil(scanned);
    PageSource source = start(8, 3);
    peer.ask(0, 100, 1);
    peer.takeSection();
    assertThat(peer.order()).containsExactly(new Place(0, 100));
    peer.takeSection();
    assertThat(peer.order()).endsWith(new Place(0, 101), new Place(0, 102), new Place(0, 103));
    peer.ask(1, 2, 3);
    peer.takeSection();
    peer.takeSection();
    assertThat(peer.has(1, 2)).isTrue();
    assertThat(peer.has(1, 5)).isTrue();
    assertThat(peer.has(1, 6)).isTrue();
    scanned.countDown();
    peer.takeAll();
    assertThat(get(source).requests()).isEqualTo(2);
    assertThat(peer.order()).hasSize(PAGES);
  }

  @Test
  void shouldNotSendAPageAgainThatWasAskedForTwice() throws Exception {
    CountDownLatch scanned = new CountDownLatch(1);
    image = image.scanHangingUntil(scanned);
    PageSource source = start(8, 0);
    peer.ask(0, 4, 1);
    peer.takeSection();
    peer.ask(0, 4, 1);
    peer.ask(0, 5, 1);
    peer.takeSection();
    assertThat(peer.order()).containsExactly(new Place(0, 4), new Place(0, 5));
    scanned.countDown();
    peer.takeAll();
    assertThat(get(source).needless()).isEqualTo(1);
  }

  @Test
  void shouldPushFirstWhatAnEarlierStartNeeded() throws Exception {
    CountDownLatch scanned = new CountDownLatch(1);
    image = image.scanHangingUntil(scanned);
    PageSource first = start(8, 1);
    peer.ask(0, 150, 1);
    peer.takeSection();
    peer.takeSection();
    peer.ask(0, 20, 1);
    peer.takeSection();
    peer.takeSection();
    scanned.countDown();
    peer.takeAll();
    get(first);

    connect();
    image = new SmallImage();
    PageSource second = start(4, 1);
    peer.takeAll();
    assertThat(get(second).known()).isEqualTo(4);
    assertThat(peer.order())
        .startsWith(new Place(0, 150), new Place(0, 151), new Place(0, 20), new Place(0, 21));
    assertThat(peer.order()).hasSize(PAGES);
  }

  @Test
  void shouldNameThePageThatCannotBeReadAndCloseEverything() throws Exception {
    image = image.damagedAt(100);
    CountDownLatch scanned = new CountDownLatch(1);
    image = image.scanHangingUntil(scanned);
    PageSource source = start(8, 0);
    peer.ask(0, 100, 1);
    assertThatThrownBy(() -> get(source))
        .cause()
        .isInstanceOf(PageLostException.class)
        .hasMessage("page 100 of pc.ram could not be read: image i1 is damaged")
        .hasCauseInstanceOf(DamagedSnapshotException.class);
    scanned.countDown();
    await().until(() -> image.closed() && peer.wireClosed());
    assertThat(hints.read()).isEmpty();
  }

  @Test
  void shouldFailWhenAPageThatNobodyAskedForCannotBeRead() throws Exception {
    image = image.damagedAt(1);
    PageSource source = start(8, 0);
    assertThatThrownBy(
            () -> {
              peer.takeAll();
              get(source);
            })
        .isNotNull();
    assertThatThrownBy(() -> get(source)).hasMessageContaining("image i1 is damaged");
    await().until(() -> image.closed() && peer.wireClosed());
  }

  @Test
  void shouldFailWhenThePeerGoesAway() throws Exception {
    PageSource source = start(8, 0);
    peer.takeSection();
    peer.close();
    assertThatThrownBy(() -> get(source)).cause().isInstanceOf(IOException.class);
    await().until(() -> image.closed() && peer.wireClosed());
  }

  @Test
  void shouldFailWhenThePeerWantsNoMoreBeforeItHasAll() throws Exception {
    CountDownLatch scanned = new CountDownLatch(1);
    image = image.scanHangingUntil(scanned);
    PageSource source = start(8, 0);
    peer.say(1, 0);
    assertThatThrownBy(() -> get(source)).hasMessageContaining("before it had all pages");
    scanned.countDown();
    await().until(image::closed);
  }

  @Test
  void shouldFailWhenThePeerReportsAnError() throws Exception {
    PageSource source = start(8, 0);
    while (peer.takeSection()) {
      // Takes all.
    }
    peer.say(1, 5);
    assertThatThrownBy(() -> get(source)).hasMessageContaining("status 5");
  }

  @Test
  void shouldEndWhenItIsAbandonedWhileThePeerTakesNothing() throws Exception {
    PageSource source = start(8, 0);
    source.abandon(new IllegalStateException("the VM was ended"));
    assertThatThrownBy(() -> get(source)).hasMessageContaining("the VM was ended");
    await().until(() -> image.closed() && peer.wireClosed());
  }

  @Test
  void shouldIgnoreAHintThatIsNone() throws Exception {
    hints.keep(ByteBuffer.wrap(new byte[] {1, 2, 3}));
    PageSource source = start(8, 0);
    peer.takeAll();
    assertThat(get(source).known()).isZero();
    assertThat(peer.order()).hasSize(PAGES);
  }

  @Test
  void shouldServeSeveralGuestsThatAskForAllPagesAtOnce() throws Exception {
    PageSource source = start(4, 2);
    List<Place> asked = new java.util.ArrayList<>();
    for (int block = 0; block < 2; block++) {
      for (long page = 0; page < SmallImage.BLOCKS.get(block).bytes() / 4096; page += 2) {
        asked.add(new Place(block, page));
      }
    }
    Thread asking =
        new Thread(() -> {
          for (Place place : asked) {
            try {
              peer.ask(place.block(), place.page(), 1);
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          }
        });
    asking.start();
    while (peer.takeSection()) {
      // Takes all.
    }
    asking.join();
    peer.say(1, 0);
    assertThat(get(source).requests()).isEqualTo(asked.size());
    assertThat(peer.order()).hasSize(PAGES).doesNotHaveDuplicates();
  }
}
