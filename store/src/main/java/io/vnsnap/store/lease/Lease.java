package io.vnsnap.store.lease;

import io.vnsnap.proto.StoreLease;
import java.io.IOException;

/**
 * The right to write one image, until it is committed or closed. Safe for use by several threads.
 */
public final class Lease {
  private final Leases leases;
  private final String name;
  private StoreLease says;
  private boolean ended;

  Lease(Leases leases, String name, StoreLease says) {
    this.leases = leases;
    this.name = name;
    this.says = says;
  }

  /** Says that the writer is still there; nothing if it is not. */
  public synchronized void renew() throws IOException {
    if (!ended && leases.isHeld(name, says)) {
      says = says.toBuilder().setRenewals(says.getRenewals() + 1).build();
      leases.put(name, says);
    }
  }

  /** Whether the lease is there: if not, the snapshot was discarded, or somebody has taken over. */
  public synchronized boolean isHeld() throws IOException {
    return leases.isHeld(name, says);
  }

  /** Says that the image is durable, under the name; protects it until the snapshot is sealed. */
  public synchronized void committed(String image) throws IOException {
    StoreLease committed =
        says.toBuilder().setState(StoreLease.State.COMMITTED).setImage(image).build();
    leases.put(name, committed);
    says = committed;
    ended = true;
  }

  /** Gives the right back, unless the image was committed. */
  public synchronized void close() throws IOException {
    if (!ended) {
      ended = true;
      if (leases.isHeld(name, says)) {
        leases.remove(name);
      }
    }
  }
}
