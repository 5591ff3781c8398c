package io.vnsnap.shell.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.vnsnap.net.tls.ClusterTls;
import io.vnsnap.net.tls.TlsFiles;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** Puts the cluster's messages under the TLS of {@code vnsnap.tls}, if that is set. */
final class ArteryTls {
  private static final String ARTERY = "akka.remote.artery.";
  private static final String ENGINE = ARTERY + "ssl.rotating-keys-engine.";

  private ArteryTls() {}

  /**
   * The same configuration with Akka's settings for TLS.
   *
   * @throws IOException naming the file and what is wrong with it: here, rather than at the first
   *     connection
   */
  static Config over(Config config) throws IOException {
    TlsFiles files = TlsFiles.from(config);
    if (files == null) {
      return config;
    }
    ClusterTls.load(files, Instant.now());
    return ConfigFactory.parseMap(
            Map.of(
                ARTERY + "transport",
                "tls-tcp",
                ARTERY + "ssl.ssl-engine-provider",
                "akka.remote.artery.tcp.ssl.RotatingKeysSSLEngineProvider",
                ENGINE + "key-file",
                files.key().toAbsolutePath().toString(),
                ENGINE + "cert-file",
                files.certificate().toAbsolutePath().toString(),
                ENGINE + "ca-cert-file",
                files.ca().toAbsolutePath().toString(),
                ENGINE + "protocol",
                "TLSv1.3",
                ENGINE + "enabled-algorithms",
                List.of("TLS_AES_256_GCM_SHA384")),
            "vnsnap.tls")
        .withFallback(config);
  }
}
