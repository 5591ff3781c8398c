package io.vnsnap.simulation.net;

import java.net.SocketAddress;
import java.nio.file.Path;

/** The address of a socket within a machine. */
final class PathAddress extends SocketAddress {
  private static final long serialVersionUID = 1;

  private final String name;

  /**
   * A socket's address.
   *
   * @param machine whose file system it is in
   */
  PathAddress(String machine, Path path) {
    this.name = machine + ":" + path;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PathAddress address && address.name.equals(name);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  @Override
  public String toString() {
    return name;
  }
}
