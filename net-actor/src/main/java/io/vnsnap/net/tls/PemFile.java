package io.vnsnap.net.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A file with a key or certificates.
 *
 * @param setting that names it, for errors
 */
record PemFile(String setting, Path path) {
  private static final long MAX_BYTES = 1 << 20;

  /** The only one that Akka's TLS takes too. */
  private static final String ALGORITHM = "RSA";

  private static final String KEY_BEGIN = "-----BEGIN PRIVATE KEY-----";
  private static final String KEY_END = "-----END PRIVATE KEY-----";

  /**
   * The certificates in it.
   *
   * @throws IOException if there are none, or one of them is not valid now
   */
  List<X509Certificate> certificates(Instant now) throws IOException {
    List<X509Certificate> found = new ArrayList<>();
    try {
      CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(content()))
          .forEach(certificate -> found.add((X509Certificate) certificate));
    } catch (CertificateException e) {
      throw wrong("it cannot be read as PEM certificates", e);
    }
    if (found.isEmpty()) {
      throw wrong("there is no certificate in it", null);
    }
    for (X509Certificate certificate : found) {
      if (now.isAfter(certificate.getNotAfter().toInstant())) {
        throw wrong("it has expired on " + certificate.getNotAfter().toInstant(), null);
      }
      if (now.isBefore(certificate.getNotBefore().toInstant())) {
        throw wrong("it is valid only from " + certificate.getNotBefore().toInstant(), null);
      }
    }
    return found;
  }

  /**
   * The private key in it.
   *
   * @throws IOException if it is not an unencrypted PKCS#8 key that belongs to the certificate
   */
  PrivateKey keyOf(X509Certificate certificate) throws IOException {
    String text = new String(content(), StandardCharsets.US_ASCII);
    int begin = text.indexOf(KEY_BEGIN);
    int end = text.indexOf(KEY_END);
    if (begin < 0 || end < begin) {
      throw wrong(
          "there is no unencrypted PKCS#8 key in it; \"openssl pkcs8 -topk8 -nodes\" makes one",
          null);
    }
    String algorithm = certificate.getPublicKey().getAlgorithm();
    if (!algorithm.equals(ALGORITHM)) {
      throw wrong(
          "the certificate in vnsnap.tls.certificate is for a key of the kind %s, not %s"
              .formatted(algorithm, ALGORITHM),
          null);
    }
    try {
      byte[] encoded =
          Base64.getMimeDecoder().decode(text.substring(begin + KEY_BEGIN.length(), end));
      PrivateKey key =
          KeyFactory.getInstance(ALGORITHM).generatePrivate(new PKCS8EncodedKeySpec(encoded));
      if (!belongTogether(key, certificate)) {
        throw wrong("it is not the key of the certificate in vnsnap.tls.certificate", null);
      }
      return key;
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw wrong("it cannot be read as a key of the kind " + ALGORITHM, e);
    }
  }

  private static boolean belongTogether(PrivateKey key, X509Certificate certificate)
      throws GeneralSecurityException {
    byte[] sample = "VNsnap".getBytes(StandardCharsets.US_ASCII);
    Signature signature = Signature.getInstance("SHA256with" + ALGORITHM);
    signature.initSign(key);
    signature.update(sample);
    byte[] signed = signature.sign();
    signature.initVerify(certificate.getPublicKey());
    signature.update(sample);
    return signature.verify(signed);
  }

  private byte[] content() throws IOException {
    try {
      if (Files.size(path) > MAX_BYTES) {
        throw wrong("it is longer than a key or certificate", null);
      }
      return Files.readAllBytes(path);
    } catch (NoSuchFileException e) {
      throw wrong("there is no such file", e);
    }
  }

  IOException wrong(String what, @Nullable Throwable cause) {
    return new IOException("%s (%s): %s".formatted(setting, path, what), cause);
  }
}
