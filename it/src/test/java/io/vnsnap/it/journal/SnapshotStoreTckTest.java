package io.vnsnap.it.journal;

import akka.persistence.CapabilityFlag;
import akka.persistence.japi.snapshot.JavaSnapshotStoreSpec;

/** What Akka requires of a snapshot store. */
public class SnapshotStoreTckTest extends JavaSnapshotStoreSpec {

  /** Called by ScalaTest's engine. */
  public SnapshotStoreTckTest() {
    super(TckConfiguration.inFreshFolder());
  }

  @Override
  public CapabilityFlag supportsSerialization() {
    return CapabilityFlag.on();
  }
}
