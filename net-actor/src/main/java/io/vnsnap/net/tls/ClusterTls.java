package io.vnsnap.net.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/**
 * TLS 1.3 between the hosts of a cluster, with certificates on both ends. A host may take part if
 * its certificate is from the cluster's CA and shares a name with this host's: the same rule as
 * Akka's {@code RotatingKeysSSLEngineProvider}, so that one certificate serves both. Which of the
 * hosts it is, is not checked: hosts of a cluster trust each other.
 */
public final class ClusterTls {
  private static final String PROTOCOL = "TLSv1.3";

  private final SslContext client;
  private final SslContext server;
  private final Set<String> names;

  private ClusterTls(SslContext client, SslContext server, Set<String> names) {
    this.client = client;
    this.server = server;
    this.names = names;
  }

  /**
   * Reads the files. Blocks.
   *
   * @param now to find out that a certificate has expired before others do
   * @throws IOException naming the file and what is wrong with it
   */
  public static ClusterTls load(TlsFiles files, Instant now) throws IOException {
    PemFile certificate = new PemFile("vnsnap.tls.certificate", files.certificate());
    List<X509Certificate> chain = certificate.certificates(now);
    Set<String> names = CertificateNames.of(chain.getFirst());
    if (names.isEmpty()) {
      throw certificate.wrong("it has neither a CN nor a DNS name", null);
    }
    PrivateKey key = new PemFile("vnsnap.tls.key", files.key()).keyOf(chain.getFirst());
    List<X509Certificate> trusted = new PemFile("vnsnap.tls.ca", files.ca()).certificates(now);
    return new ClusterTls(
        // Addresses are not compared with names: objection() compares the names.
        build(
            SslContextBuilder.forClient()
                .endpointIdentificationAlgorithm(null)
                .keyManager(key, chain),
            trusted),
        build(SslContextBuilder.forServer(key, chain).clientAuth(ClientAuth.REQUIRE), trusted),
        names);
  }

  private static SslContext build(SslContextBuilder builder, List<X509Certificate> trusted)
      throws IOException {
    return builder.sslProvider(SslProvider.JDK).protocols(PROTOCOL).trustManager(trusted).build();
  }

  /** For a connection that begins here. Its slow steps are taken off the event loop. */
  public SslHandler client(ByteBufAllocator allocator) {
    return client.newHandler(allocator, Thread::startVirtualThread);
  }

  /** For a connection that another host began. */
  public SslHandler server(ByteBufAllocator allocator) {
    return server.newHandler(allocator, Thread::startVirtualThread);
  }

  /**
   * Whether the peer of a connection may take part; to be asked when the handshake is done.
   *
   * @return null if so; else why not
   */
  public @Nullable String objection(Channel channel) {
    try {
      X509Certificate peer =
          (X509Certificate)
              channel
                  .pipeline()
                  .get(SslHandler.class)
                  .engine()
                  .getSession()
                  .getPeerCertificates()[0];
      Set<String> peerNames = CertificateNames.of(peer);
      return Collections.disjoint(names, peerNames)
          ? "the peer's certificate is for %s, and this host's for %s: they share no name"
              .formatted(peerNames, names)
          : null;
    } catch (SSLPeerUnverifiedException e) {
      return "the peer has shown no certificate";
    }
  }
}
