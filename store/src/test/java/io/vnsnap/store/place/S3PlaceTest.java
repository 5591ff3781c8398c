package io.vnsnap.store.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class S3PlaceTest extends PlaceContract {
  private final String prefix = S3Server.newPrefix();

  @Override
  protected Place openAnother() throws Exception {
    return S3Server.running().open(prefix);
  }

  @Test
  void shouldKeepToItsPrefix() throws Exception {
    try (Place place = openAnother();
        Place inside = S3Server.running().open(prefix + "inside/");
        Place beside = S3Server.running().open(prefix.replace("/", "-beside/"))) {
      store(place, "packs/1", bytes(10, 1));
      store(inside, "packs/1", bytes(10, 2));
      store(beside, "packs/1", bytes(10, 3));
      assertThat(read(place, "packs/1")).isEqualTo(bytes(10, 1));
      assertThat(read(inside, "packs/1")).isEqualTo(bytes(10, 2));
      assertThat(names(place, "packs/")).containsExactly("packs/1");
      assertThat(names(inside, "")).containsExactly("packs/1");
      assertThat(names(beside, "")).containsExactly("packs/1");
      assertThat(inside.describe()).isEqualTo("s3://snapshots/" + prefix + "inside");
    }
  }

  @Test
  void shouldListMoreThanOnePage() throws Exception {
    try (Place place = openAnother()) {
      for (int i = 10; i < 31; i++) {
        place.put("hints/" + i, ByteBuffer.allocate(i));
      }
      assertThat(place.list("hints/")).hasSize(21);
      assertThat(place.list("")).isSortedAccordingTo((a, b) -> a.name().compareTo(b.name()));
    }
  }

  @Test
  void shouldTellWhenAnObjectWasWritten() throws Exception {
    try (Place place = openAnother()) {
      long before = System.currentTimeMillis() - 2000;
      store(place, "packs/1", bytes(10, 1));
      assertThat(place.list("").getFirst().modifiedMs())
          .isBetween(before, System.currentTimeMillis() + 2000);
    }
  }

  @Test
  void shouldNotServeAnObjectThatIsDeletedWhileItIsRead() throws Exception {
    try (Place place = openAnother()) {
      store(place, "packs/1", bytes(200_000, 1));
      try (Place.Input in = place.open("packs/1")) {
        place.delete("packs/1");
        assertThatThrownBy(() -> in.read(ByteBuffer.allocate(200_000), 0))
            .isInstanceOf(NoSuchFileException.class)
            .hasMessageContaining("packs/1");
      }
    }
  }

  @Test
  void shouldSayThatTheBucketIsAbsent() throws Exception {
    S3Settings settings = S3Server.running().settings();
    assertThatThrownBy(() -> S3Place.open("no-such-bucket", prefix, settings))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("there is no bucket no-such-bucket at http://127.0.0.1")
        .hasMessageContaining("Make it");
  }

  @Test
  void shouldSayThatTheAccessKeyIsRefused() throws Exception {
    S3Settings settings = S3Server.settings(S3Server.running().endpoint(), "guessed");
    assertThatThrownBy(() -> S3Place.open(S3Server.BUCKET, prefix, settings))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("s3://snapshots/test-")
        .hasMessageContaining("Check the access key");
  }

  @Test
  void shouldSayThatTheServerCannotBeReached() throws Exception {
    URI nobody;
    try (ServerSocket closed = new ServerSocket(0)) {
      nobody = URI.create("http://127.0.0.1:" + closed.getLocalPort());
    }
    S3Settings settings = S3Server.settings(nobody, S3Server.SECRET);
    assertThatThrownBy(() -> S3Place.open(S3Server.BUCKET, prefix, settings))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("s3://snapshots/test-")
        .hasMessageContaining(nobody.toString())
        .hasMessageContaining("the network");
  }
}
