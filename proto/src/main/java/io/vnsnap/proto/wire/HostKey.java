package io.vnsnap.proto.wire;

import akka.actor.typed.ActorRef;
import akka.actor.typed.receptionist.ServiceKey;

/**
 * How hosts are found in the cluster: each registers one actor under {@link #SERVICE}, whose path
 * name tells which host it is.
 */
public final class HostKey {
  /** The receptionist's key of all hosts. */
  public static final ServiceKey<ToHost> SERVICE = ServiceKey.create(ToHost.class, "vnsnap-host");

  private static final String PREFIX = "host-";

  private HostKey() {}

  /** Path name of the actor that a host of this name registers. */
  public static String actorName(String host) {
    return PREFIX + host;
  }

  /**
   * Name of the host that registered this actor.
   *
   * @throws IllegalArgumentException if the actor's path name is not of the form {@link #actorName}
   */
  public static String hostName(ActorRef<ToHost> host) {
    String name = host.path().name();
    if (!name.startsWith(PREFIX)) {
      throw new IllegalArgumentException(
          "registered as a host, but its name does not start with " + PREFIX + ": " + host.path());
    }
    return name.substring(PREFIX.length());
  }
}
