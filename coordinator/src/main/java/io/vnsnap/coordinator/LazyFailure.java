package io.vnsnap.coordinator;

/** What becomes of a VNE when the store does not give a running VM the rest of its memory. */
enum LazyFailure {
  /** All of it is restored again from the same snapshot, loaded in full before it runs. */
  RESTORE,
  /** The other VMs run on, and somebody must decide. */
  DEGRADE;

  static LazyFailure of(String setting) {
    return switch (setting) {
      case "restore" -> RESTORE;
      case "degrade" -> DEGRADE;
      default ->
          throw new IllegalArgumentException(
              "vnsnap.coordinator.on-lazy-failure must be restore or degrade, not " + setting);
    };
  }
}
