package io.vnsnap.net.trunk;

/**
 * Who sends to whom on a trunk.
 *
 * @param sender name of the sending host
 * @param receiver name of the receiving host
 * @param host address of the receiver, a name or number
 * @param port of its trunk listener
 */
public record TrunkTarget(String sender, String receiver, String host, int port) {
  @Override
  public String toString() {
    return "%s (%s:%d)".formatted(receiver, host, port);
  }
}
