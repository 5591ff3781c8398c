package io.vnsnap.net.tls;

import io.netty.handler.ssl.NotSslRecordException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;

/** What a failure of TLS means, for the person who must act. */
public final class TlsFailures {
  private static final int MAX_CAUSES = 16;
  private static final String ALERT = "fatal alert: ";

  private TlsFailures() {}

  /** In words that do not depend on which end it is said at. */
  public static String explain(Throwable failure) {
    List<Throwable> causes =
        Stream.iterate(failure, cause -> cause != null, Throwable::getCause)
            .limit(MAX_CAUSES)
            .toList();
    for (Throwable cause : causes.reversed()) {
      String message = String.valueOf(cause.getMessage());
      if (cause instanceof NotSslRecordException) {
        return "the peer does not speak TLS, and vnsnap.tls is set here";
      }
      if (cause instanceof CertificateExpiredException) {
        return "the peer's certificate has expired (%s)".formatted(message);
      }
      if (cause instanceof CertificateNotYetValidException) {
        return "the peer's certificate is not valid yet (%s)".formatted(message);
      }
      if (cause instanceof CertPathBuilderException
          || cause instanceof CertPathValidatorException) {
        return "the peer's certificate is not from the CA in vnsnap.tls.ca (%s)".formatted(message);
      }
      int alert = message.toLowerCase(Locale.ROOT).indexOf(ALERT);
      if (cause instanceof SSLException && alert >= 0) {
        return "the peer does not take this host's certificate, or not this TLS (%s)"
            .formatted(message.substring(alert + ALERT.length()));
      }
    }
    return causes.getLast() instanceof SSLException
        ? "TLS failed: " + causes.getLast().getMessage()
        : String.valueOf(causes.getLast().getMessage());
  }
}
