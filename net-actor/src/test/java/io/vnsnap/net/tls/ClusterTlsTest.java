package io.vnsnap.net.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ClusterTlsTest {
  @TempDir private static Path folder;

  private static TlsFiles good;
  private static TlsFiles other;

  @BeforeAll
  static void makeCertificates() throws IOException {
    TestCertificates authority = new TestCertificates(folder, "authority");
    good = authority.issue("a", "cluster");
    other = authority.issue("b", "cluster");
  }

  private static void expectRefusal(TlsFiles files, Instant now, String file, String what) {
    assertThatThrownBy(() -> ClusterTls.load(files, now))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file)
        .hasMessageContaining(what);
  }

  @Test
  void shouldLoadWhatFitsTogether() throws IOException {
    assertThat(ClusterTls.load(good, Instant.now())).isNotNull();
  }

  @Test
  void shouldSayWhichFileIsMissing() {
    Path nowhere = folder.resolve("nowhere.pem");
    expectRefusal(
        new TlsFiles(good.key(), nowhere, good.ca()),
        Instant.now(),
        "vnsnap.tls.certificate (" + nowhere,
        "there is no such file");
  }

  @Test
  void shouldSayThatACertificateHasExpiredOrIsNotValidYet() {
    Duration week = Duration.ofDays(7);
    expectRefusal(good, Instant.now().plus(week), "vnsnap.tls.certificate", "it has expired on 2");
    expectRefusal(good, Instant.now().minus(week), "certificate", "it is valid only from 2");
  }

  @Test
  void shouldSayThatTheKeyBelongsToAnotherCertificate() {
    expectRefusal(
        new TlsFiles(other.key(), good.certificate(), good.ca()),
        Instant.now(),
        "vnsnap.tls.key",
        "it is not the key of the certificate");
  }

  @Test
  void shouldSayWhatIsWrongWithAFile() throws IOException {
    Path garbage = Files.writeString(folder.resolve("garbage"), "no key");
    Path empty = Files.createFile(folder.resolve("empty"));
    Path damaged =
        Files.writeString(
            folder.resolve("damaged"),
            "-----BEGIN PRIVATE KEY-----\nabcd\n-----END PRIVATE KEY-----\n");
    Instant now = Instant.now();
    expectRefusal(
        new TlsFiles(garbage, good.certificate(), good.ca()), now, "garbage", "openssl pkcs8");
    expectRefusal(
        new TlsFiles(damaged, good.certificate(), good.ca()), now, "damaged", "cannot be read");
    expectRefusal(new TlsFiles(good.key(), good.certificate(), garbage), now, "tls.ca", "garbage");
    expectRefusal(new TlsFiles(good.key(), good.certificate(), empty), now, "tls.ca", "empty");
  }

  @Test
  void shouldRefuseSettingsOfWhichSomeAreMissing() {
    assertThat(TlsFiles.from(ConfigFactory.load())).isNull();
    var some = ConfigFactory.parseString("vnsnap.tls.key = x").withFallback(ConfigFactory.load());
    assertThatThrownBy(() -> TlsFiles.from(some))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("vnsnap.tls.certificate")
        .hasMessageContaining("not set");
  }
}
