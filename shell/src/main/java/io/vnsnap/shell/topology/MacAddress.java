package io.vnsnap.shell.topology;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** MAC addresses for VNICs whose topology gives them none. */
public final class MacAddress {
  private MacAddress() {}

  /**
   * Always the same for the same names: locally administered, unicast, 40 bits of a hash of the
   * names.
   */
  public static String of(String vne, String vm, String nic) {
    byte[] hash;
    try {
      hash =
          MessageDigest.getInstance("SHA-256")
              .digest((vne + "/" + vm + "/" + nic).getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
    return "02:%02x:%02x:%02x:%02x:%02x".formatted(hash[0], hash[1], hash[2], hash[3], hash[4]);
  }
}
