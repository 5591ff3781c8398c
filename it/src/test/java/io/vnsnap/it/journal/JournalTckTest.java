package io.vnsnap.it.journal;

import akka.persistence.CapabilityFlag;
import akka.persistence.japi.journal.JavaJournalSpec;

/** What Akka requires of a journal. */
public class JournalTckTest extends JavaJournalSpec {

  /** Called by ScalaTest's engine. */
  public JournalTckTest() {
    super(TckConfiguration.inFreshFolder());
  }

  @Override
  public CapabilityFlag supportsRejectingNonSerializableObjects() {
    return CapabilityFlag.on();
  }

  @Override
  public CapabilityFlag supportsSerialization() {
    return CapabilityFlag.on();
  }
}
