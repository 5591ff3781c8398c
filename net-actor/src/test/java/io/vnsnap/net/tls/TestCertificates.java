package io.vnsnap.net.tls;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** A certificate authority with what it issues, made by the JDK's keytool in a folder. */
public final class TestCertificates {
  private static final String PASSWORD = "changeit";

  private final Path folder;
  private final Path store;

  /** Makes an authority of this name. */
  public TestCertificates(Path folder, String authority) throws IOException {
    this.folder = Files.createDirectories(folder.resolve(authority));
    this.store = this.folder.resolve("store.p12");
    keytool("ca", "CN=" + authority, List.of("-ext", "bc:c", "-validity", "3"));
    writePem("ca.pem", "CERTIFICATE", encodedCertificate("ca"));
  }

  /** Issues a certificate that is valid. */
  public TlsFiles issue(String file, String name) throws IOException {
    return issue(file, name, List.of("-validity", "2"));
  }

  /** Issues a certificate that has expired. */
  public TlsFiles issueExpired(String file, String name) throws IOException {
    return issue(file, name, List.of("-startdate", "-3d", "-validity", "1"));
  }

  private TlsFiles issue(String file, String name, List<String> options) throws IOException {
    List<String> signed = new ArrayList<>(List.of("-signer", "ca"));
    signed.addAll(options);
    keytool(file, "CN=" + name, signed);
    try {
      byte[] key = load().getKey(file, PASSWORD.toCharArray()).getEncoded();
      return new TlsFiles(
          writePem(file + ".key", "PRIVATE KEY", key),
          writePem(file + ".pem", "CERTIFICATE", encodedCertificate(file)),
          folder.resolve("ca.pem"));
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  /** As configuration. */
  public static String config(TlsFiles files) {
    return "vnsnap.tls { key = \"%s\", certificate = \"%s\", ca = \"%s\" }%n"
        .formatted(files.key(), files.certificate(), files.ca());
  }

  /**
   * The JDK's own TLS, which trusts this authority.
   *
   * @param certificate file that it was issued as; null: shows none
   */
  public SSLContext context(@Nullable String certificate) throws IOException {
    return contextThatTrusts(this, certificate);
  }

  /** The same, which trusts another authority. */
  public SSLContext contextThatTrusts(TestCertificates trustedOne, @Nullable String certificate)
      throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLSv1.3");
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      KeyStore own = emptyStore();
      if (certificate != null) {
        own.setKeyEntry(
            certificate,
            load().getKey(certificate, PASSWORD.toCharArray()),
            PASSWORD.toCharArray(),
            load().getCertificateChain(certificate));
      }
      keys.init(own, PASSWORD.toCharArray());
      KeyStore trusted = emptyStore();
      trusted.setCertificateEntry("ca", trustedOne.load().getCertificate("ca"));
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(trusted);
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  private static KeyStore emptyStore() throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  private byte[] encodedCertificate(String alias) throws IOException {
    try {
      return load().getCertificate(alias).getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  private KeyStore load() throws IOException {
    try (InputStream in = Files.newInputStream(store)) {
      KeyStore loaded = KeyStore.getInstance("PKCS12");
      loaded.load(in, PASSWORD.toCharArray());
      return loaded;
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  private Path writePem(String file, String kind, byte[] content) throws IOException {
    return Files.writeString(
        folder.resolve(file),
        "-----BEGIN %s-----%n%s%n-----END %s-----%n"
            .formatted(kind, Base64.getMimeEncoder().encodeToString(content), kind));
  }

  private void keytool(String alias, String name, List<String> options) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                alias,
                "-keyalg",
                "RSA",
                "-keysize",
                "2048",
                "-dname",
                name,
                "-keystore",
                store.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD));
    command.addAll(options);
    Path log = folder.resolve("keytool.log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException("keytool: " + Files.readString(log));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    } finally {
      process.destroyForcibly();
    }
  }
}
