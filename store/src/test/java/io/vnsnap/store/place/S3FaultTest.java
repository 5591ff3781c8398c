package io.vnsnap.store.place;

import static io.vnsnap.store.place.PlaceContract.bytes;
import static io.vnsnap.store.place.PlaceContract.names;
import static io.vnsnap.store.place.PlaceContract.read;
import static io.vnsnap.store.place.PlaceContract.store;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Fails every request that an action sends, one after the other. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class S3FaultTest {
  private static final String NAME = "snapshots/s1/manifest";
  private static final byte[] EARLIER = bytes(50, 1);
  private static final byte[] LATER = bytes(60, 2);
  private static final byte[] PARTS = bytes(S3Settings.MIN_PART_BYTES + 1, 3);

  private S3Relay relay;
  private Place place;
  private Place direct;

  /** What may be done to the object {@link #NAME}. */
  enum Action {
    CREATE,
    CREATE_IN_PARTS,
    PUT,
    DELETE;

    void on(Place place) throws IOException {
      switch (this) {
        case CREATE -> store(place, NAME, LATER);
        case CREATE_IN_PARTS -> store(place, NAME, PARTS);
        case PUT -> place.put(NAME, ByteBuffer.wrap(LATER));
        case DELETE -> place.delete(NAME);
      }
    }

    boolean overEarlier() {
      return this == PUT || this == DELETE;
    }

    String done() {
      return switch (this) {
        case CREATE, PUT -> "later";
        case CREATE_IN_PARTS -> "parts";
        case DELETE -> "nothing";
      };
    }
  }

  @BeforeEach
  void open() throws Exception {
    S3Server server = S3Server.trusting();
    String prefix = S3Server.newPrefix();
    relay = new S3Relay(server.endpoint());
    place = open(relay, prefix);
    direct = S3Place.open(S3Server.BUCKET, prefix, S3Server.settings(server.endpoint(), "any"));
  }

  private static Place open(S3Relay relay, String prefix) throws IOException {
    return S3Place.open(S3Server.BUCKET, prefix, S3Server.settings(relay.endpoint(), "any"));
  }

  @AfterEach
  void close() throws IOException {
    direct.close();
    place.close();
    relay.close();
  }

  private String found() throws IOException {
    byte[] content;
    try {
      content = read(direct, NAME);
    } catch (NoSuchFileException e) {
      return "nothing";
    }
    if (Arrays.equals(content, EARLIER)) {
      return "earlier";
    }
    return Arrays.equals(content, LATER) ? "later" : Arrays.equals(content, PARTS) ? "parts" : "?";
  }

  private void before(Action action) throws IOException {
    direct.delete(NAME);
    if (action.overEarlier()) {
      store(direct, NAME, EARLIER);
    }
  }

  private int requests(Action action) throws IOException {
    store(place, "packs/1", EARLIER); // The server's conditions are known from now on.
    before(action);
    relay.fail(S3Relay.Fault.NONE, 0);
    action.on(place);
    return relay.requests();
  }

  @ParameterizedTest
  @EnumSource(Action.class)
  void shouldSucceedWhenOneAnswerIsLostOrTheServerWasBusy(Action action) throws IOException {
    int requests = requests(action);
    assertThat(requests).isEqualTo(action == Action.CREATE_IN_PARTS ? 4 : 1);
    for (S3Relay.Fault fault :
        new S3Relay.Fault[] {S3Relay.Fault.BUSY, S3Relay.Fault.ANSWER_LOST}) {
      for (int n = 1; n <= requests; n++) {
        before(action);
        relay.fail(fault, n);
        action.on(place);
        assertThat(relay.requests()).as("it was hit").isGreaterThan(requests);
        assertThat(found()).as("%s of request %d", fault, n).isEqualTo(action.done());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Action.class)
  void shouldStayWholeWhenTheServerGoesAtAnyRequest(Action action) throws IOException {
    int requests = requests(action);
    for (S3Relay.Fault fault :
        new S3Relay.Fault[] {S3Relay.Fault.GONE, S3Relay.Fault.GONE_AFTERWARDS}) {
      for (int n = 1; n <= requests; n++) {
        before(action);
        relay.fail(fault, n);
        IOException error = catchThrowableOfType(IOException.class, () -> action.on(place));
        assertThat(error)
            .hasMessageContaining("s3://snapshots/test-")
            .hasMessageContaining(NAME)
            .hasMessageContaining("Check");
        assertThat(found())
            .as("%s at request %d", fault, n)
            .isIn(action.done(), action.overEarlier() ? "earlier" : "nothing");
        relay.fail(S3Relay.Fault.NONE, 0);
        direct.sweep(Duration.ZERO);
        assertThat(direct.sweep(Duration.ZERO)).isZero();
        before(action);
        action.on(place);
        assertThat(found()).isEqualTo(action.done());
      }
    }
    assertThat(names(direct, "packs/")).containsExactly("packs/1");
  }

  @ParameterizedTest
  @EnumSource(
      value = S3Relay.Fault.class,
      names = {"UNCONDITIONAL", "UNCONDITIONAL_PARTS"})
  void shouldRefuseAServerThatIgnoresConditions(S3Relay.Fault fault) throws IOException {
    relay.fail(fault, 0);
    assertThatThrownBy(() -> place.create("packs/1"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("s3://snapshots/test-")
        .hasMessageContaining("ignores If-None-Match")
        .hasMessageContaining("Use a server with conditional writes, or a directory");
    assertThat(direct.list("")).isEmpty();
    assertThat(direct.sweep(Duration.ZERO)).isZero();
  }

  @Test
  void shouldNotTakeAnothersObjectForItsOwnWhenAnAnswerIsLost() throws IOException {
    store(place, "packs/1", EARLIER);
    store(direct, NAME, EARLIER);
    relay.fail(S3Relay.Fault.ANSWER_LOST, 1);
    assertThatThrownBy(() -> store(place, NAME, LATER))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThat(found()).isEqualTo("earlier");
  }

  @Test
  void shouldReadAgainWhenAnAnswerIsLost() throws IOException {
    store(direct, "packs/1", bytes(300_000, 1));
    for (int n = 1; n <= 2; n++) {
      relay.fail(S3Relay.Fault.ANSWER_LOST, n);
      assertThat(read(place, "packs/1")).isEqualTo(bytes(300_000, 1));
      assertThat(relay.requests()).isEqualTo(3);
    }
    relay.fail(S3Relay.Fault.GONE, 2);
    assertThatThrownBy(() -> read(place, "packs/1"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cannot read s3://snapshots/test-")
        .hasMessageContaining("the network");
  }
}
