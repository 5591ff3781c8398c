package io.vnsnap.store.place;

import static io.vnsnap.store.place.PlaceContract.bytes;
import static io.vnsnap.store.place.PlaceContract.read;
import static io.vnsnap.store.place.PlaceContract.store;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class PlacesTest {
  private static final String KEY = HexFormat.of().formatHex(bytes(32, 1));
  private static final String OTHER_KEY = HexFormat.of().formatHex(bytes(32, 2));

  @TempDir private Path temporary;

  private final Config defaults = ConfigFactory.defaultReference(Places.class.getClassLoader());

  private static Config with(Config config, String key, Object value) {
    return config.withValue("vnsnap.store." + key, ConfigValueFactory.fromAnyRef(value));
  }

  private Config keyFile(String content) throws IOException {
    return with(defaults, "encryption.key-file", secret("key", content).toString());
  }

  private Config command(String... words) {
    return with(defaults, "encryption.key-command", List.of(words));
  }

  private Path secret(String name, String content) throws IOException {
    Path file = Files.writeString(temporary.resolve(name), content);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }

  private String directory() {
    return temporary.resolve("store").toString();
  }

  @Test
  void shouldOpenADirectory() throws IOException {
    try (Place place = Places.open(directory(), defaults)) {
      store(place, "packs/1", bytes(10, 1));
      assertThat(place.describe()).isEqualTo(directory());
      assertThat(place.pageIdKey()).isEmpty();
    }
    assertThat(temporary.resolve("store/packs/1")).hasBinaryContent(bytes(10, 1));
  }

  @Test
  void shouldOpenABucket() throws Exception {
    Path accessKey = secret("access", S3Server.KEY_ID + "\n" + S3Server.SECRET + "\n");
    Config config = with(defaults, "s3.endpoint", S3Server.running().endpoint().toString());
    config = with(config, "s3.path-style", true);
    config = with(config, "s3.access-key-file", accessKey.toString());
    String location = "s3://snapshots/" + S3Server.newPrefix();
    try (Place place = Places.open(location, config)) {
      store(place, "packs/1", bytes(10, 1));
      assertThat(read(place, "packs/1")).isEqualTo(bytes(10, 1));
      assertThat(place.describe()).isEqualTo(location.replaceFirst("/$", ""));
    }
  }

  @Test
  void shouldEncryptWithTheKeyFromAFile() throws IOException {
    try (Place place = Places.open(directory(), keyFile(KEY + "\n"))) {
      store(place, "packs/1", bytes(1000, 1));
      assertThat(place.pageIdKey()).isPresent();
    }
    assertThat(temporary.resolve("store/packs/1")).hasSize(1000 + 42 + 16);
    try (Place place = Places.open(directory(), command("echo", KEY))) {
      assertThat(read(place, "packs/1")).isEqualTo(bytes(1000, 1));
    }
  }

  @Test
  void shouldRefuseAnEncryptedStoreWithoutItsKeyAndWithAnother() throws IOException {
    try (Place place = Places.open(directory(), keyFile(KEY))) {
      store(place, "packs/1", bytes(10, 1));
    }
    assertThatThrownBy(() -> Places.open(directory(), defaults))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is encrypted")
        .hasMessageContaining("key-file or key-command");
    Config other = keyFile(OTHER_KEY);
    assertThatThrownBy(() -> Places.open(directory(), other))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("encrypted with another key");
  }

  @Test
  void shouldRefuseAPlainStoreWithAKey() throws IOException {
    try (Place place = Places.open(directory(), defaults)) {
      store(place, "packs/1", bytes(10, 1));
    }
    Config config = keyFile(KEY);
    assertThatThrownBy(() -> Places.open(directory(), config))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is not encrypted");
    assertThat(temporary.resolve("store/vnsnap-key")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "s3://",
        "s3://UPPER/x",
        "s3://a",
        "s3://bucket//x",
        "s3://bucket/../x",
        "s3://bucket/a b",
        "http://host/bucket",
        "file:///tmp/x",
        "gs://bucket",
        "s3:/bucket"
      })
  void shouldSayWhatALocationIs(String location) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Places.open(location, defaults))
        .withMessageContaining("'" + location + "'")
        .withMessageContaining("Write a directory, or s3://bucket/prefix");
  }

  @Test
  void shouldReadLocations() {
    assertThat(PlaceLocation.parse("s3://my.bucket-1"))
        .isEqualTo(new PlaceLocation.Bucket("my.bucket-1", ""));
    assertThat(PlaceLocation.parse("s3://bucket/"))
        .isEqualTo(new PlaceLocation.Bucket("bucket", ""));
    assertThat(PlaceLocation.parse("s3://bucket/a/B_c.d/"))
        .isEqualTo(new PlaceLocation.Bucket("bucket", "a/B_c.d/"));
    assertThat(PlaceLocation.parse("relative/store"))
        .isEqualTo(new PlaceLocation.Directory(Path.of("relative/store")));
  }

  @Test
  void shouldSayWhichKeyOfTheConfigurationIsWrong() throws IOException {
    for (String wrong : List.of("example.org", "ftp://host", "https://", "http://a b")) {
      Config config = with(defaults, "s3.endpoint", wrong);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Places.open("s3://bucket", config))
          .withMessageContaining("vnsnap.store.s3.endpoint must be like https://host:port");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Places.open("s3://bucket", with(defaults, "s3.part-size", "1 MiB")))
        .withMessageContaining("vnsnap.store.s3.part-size must be from 5 MiB");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Places.open("s3://bucket", with(defaults, "s3.tries", 0)))
        .withMessageContaining("vnsnap.store.s3.tries");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Places.open("s3://bucket", with(defaults, "s3.tries", "many")))
        .withMessageContaining("tries");
    Config both = with(keyFile(KEY), "encryption.key-command", List.of("echo", KEY));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Places.open(directory(), both))
        .withMessageContaining("both key-file and key-command");
  }

  @Test
  void shouldRefuseAnAccessKeyFileOfAnotherForm() throws IOException {
    Path file = secret("access", "only-one-line\n");
    Config config = with(defaults, "s3.access-key-file", file.toString());
    assertThatThrownBy(() -> Places.open("s3://bucket", config))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("must have two lines")
        .hasMessageNotContaining("only-one-line");
  }

  @Test
  void shouldRefuseAKeyFileThatOthersMayRead() throws IOException {
    Path file = secret("key", KEY);
    for (String mode : List.of("rw-r-----", "rw----r--", "rw--w----")) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
      Config config = with(defaults, "encryption.key-file", file.toString());
      assertThatThrownBy(() -> Places.open(directory(), config))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(mode)
          .hasMessageContaining("chmod 600 " + file);
    }
    assertThat(temporary.resolve("store")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "secret password", "0123", "zz"})
  void shouldRefuseWhatIsNoKeyWithoutRepeatingIt(String content) throws IOException {
    Config config = keyFile(content);
    assertThatThrownBy(() -> Places.open(directory(), config))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("64 hexadecimal digits")
        .hasMessageContaining("openssl rand -hex 32")
        .hasMessageNotContaining("password");
    Config command = command("echo", content);
    assertThatThrownBy(() -> Places.open(directory(), command))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the command echo")
        .hasMessageNotContaining("password");
    assertThat(temporary.resolve("store")).doesNotExist();
  }

  @Test
  void shouldBoundWhatAKeyFileAndACommandGive() throws IOException {
    Config file = keyFile("0".repeat(5000));
    assertThatThrownBy(() -> Places.open(directory(), file))
        .hasMessageContaining("longer than 4096 bytes");
    Config absent = with(defaults, "encryption.key-file", temporary.resolve("absent").toString());
    assertThatThrownBy(() -> Places.open(directory(), absent))
        .hasMessageContaining("absent")
        .hasMessageContaining("does not exist");
    assertThatThrownBy(() -> Places.open(directory(), command("yes")))
        .hasMessageContaining("the command yes")
        .hasMessageContaining("more than 4096 bytes");
  }

  @Test
  void shouldSayThatTheCommandHasFailed() {
    assertThatThrownBy(() -> Places.open(directory(), command("sh", "-c", "exit 3")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("has failed with status 3");
    assertThatThrownBy(() -> Places.open(directory(), command("no-such-program-at-all")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no-such-program-at-all")
        .hasMessageContaining("cannot be run");
  }

  @Test
  void shouldEndACommandThatTakesTooLong() {
    for (String script : List.of("sleep 30", "exec >&-; sleep 30")) {
      Config config = with(command("sh", "-c", script), "encryption.key-command-timeout", "200ms");
      assertThatThrownBy(() -> Places.open(directory(), config))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("has not ended after")
          .hasMessageContaining("key-command-timeout");
    }
  }
}
