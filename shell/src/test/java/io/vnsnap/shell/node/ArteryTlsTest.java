package io.vnsnap.shell.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.JoinSeedNodes;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(240)
class ArteryTlsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final String PASSWORD = "changeit";

  @TempDir private static Path folder;

  private static Config node() {
    return ConfigFactory.parseString(
            "akka.remote.artery.canonical { hostname = 127.0.0.1, port = 0 }")
        .withFallback(ConfigFactory.systemProperties())
        .withFallback(ConfigFactory.parseResources("vnsnap-node.conf"))
        .withFallback(ConfigFactory.defaultReferenceUnresolved())
        .resolve();
  }

  @Test
  void shouldChangeNothingWithoutFiles() throws IOException {
    Config config = node();
    assertThat(ArteryTls.over(config)).isEqualTo(config);
    assertThat(config.getString("akka.remote.artery.transport")).isEqualTo("tcp");
  }

  @Test
  void shouldRefuseToStartWithoutTheFilesThatAreNamed() {
    Config config = tls("nowhere.key").withFallback(node());
    assertThatThrownBy(() -> ArteryTls.over(config))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("vnsnap.tls.certificate (")
        .hasMessageEndingWith("there is no such file");
  }

  private static Config tls(String key) {
    return ConfigFactory.parseString(
        "vnsnap.tls { key = \"%s\", certificate = \"%s\", ca = \"%s\" }"
            .formatted(folder.resolve(key), folder.resolve("node.pem"), folder.resolve("ca.pem")));
  }

  @Test
  void shouldJoinAClusterOverTls() throws Exception {
    makeCertificates();
    List<ActorSystem<Void>> systems = new ArrayList<>();
    try {
      Config config = ArteryTls.over(tls("node.key").withFallback(node()));
      for (int i = 0; i < 2; i++) {
        assertThat(config.getString("akka.remote.artery.transport")).isEqualTo("tls-tcp");
        systems.add(ActorSystem.create(Behaviors.empty(), "vnsnap", config));
      }
      akka.actor.Address seed = Cluster.get(systems.getFirst()).selfMember().address();
      systems.forEach(
          system -> Cluster.get(system).manager().tell(new JoinSeedNodes(List.of(seed))));
      await()
          .atMost(PATIENCE)
          .until(() -> systems.stream().allMatch(ArteryTlsTest::seesTwoMembersUp));
    } finally {
      systems.forEach(ActorSystem::terminate);
      for (ActorSystem<Void> system : systems) {
        system.getWhenTerminated().toCompletableFuture().get(60, TimeUnit.SECONDS);
      }
    }
  }

  private static boolean seesTwoMembersUp(ActorSystem<Void> system) {
    List<akka.cluster.Member> members = new ArrayList<>();
    Cluster.get(system).state().getMembers().forEach(members::add);
    return members.size() == 2
        && members.stream()
            .allMatch(member -> member.status().equals(akka.cluster.MemberStatus.up()));
  }

  private static void makeCertificates() throws Exception {
    keytool("ca", "CN=authority", "-ext", "bc:c");
    keytool("node", "CN=cluster", "-signer", "ca");
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(folder.resolve("store.p12"))) {
      store.load(in, PASSWORD.toCharArray());
    }
    writePem("ca.pem", "CERTIFICATE", store.getCertificate("ca").getEncoded());
    writePem("node.pem", "CERTIFICATE", store.getCertificate("node").getEncoded());
    writePem("node.key", "PRIVATE KEY", store.getKey("node", PASSWORD.toCharArray()).getEncoded());
  }

  private static void writePem(String file, String kind, byte[] content) throws IOException {
    Files.writeString(
        folder.resolve(file),
        "-----BEGIN %s-----%n%s%n-----END %s-----%n"
            .formatted(kind, Base64.getMimeEncoder().encodeToString(content), kind));
  }

  private static void keytool(String alias, String name, String... options)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
    command.addAll(List.of("-genkeypair", "-alias", alias, "-dname", name, "-keyalg", "RSA"));
    command.addAll(List.of("-validity", "2", "-storetype", "PKCS12", "-storepass", PASSWORD));
    command.addAll(List.of("-keystore", folder.resolve("store.p12").toString()));
    command.addAll(List.of(options));
    Path log = folder.resolve("keytool.log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(Files.readString(log)).isZero();
    } finally {
      process.destroyForcibly();
    }
  }
}
