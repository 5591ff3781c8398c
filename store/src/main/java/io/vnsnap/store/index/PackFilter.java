package io.vnsnap.store.index;

/** Which packs may be referred to. Safe for use by several threads. */
@FunctionalInterface
public interface PackFilter {

  /** Whether the pack with the ordinal may. */
  boolean accepts(int ordinal);
}
