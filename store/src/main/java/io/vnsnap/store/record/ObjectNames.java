package io.vnsnap.store.record;

import java.util.OptionalLong;
import java.util.regex.Pattern;

/** Which name objects have, and which words may become part of one. */
public final class ObjectNames {
  /** Says that a place is a store, and of which version. */
  public static final String FORMAT = "vnsnap-store";

  public static final String PACKS = "packs/";
  public static final String INDEX = "index/";
  public static final String IMAGES = "images/";
  public static final String HINTS = "hints/";
  public static final String SNAPSHOTS = "snapshots/";
  public static final String LEASES = "leases/";
  public static final String CONDEMNED = "condemned/";

  private static final Pattern SNAPSHOT_ID = Pattern.compile("[a-z0-9][a-z0-9.-]{0,79}");
  private static final Pattern VM_NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,39}");
  private static final Pattern NUMBER = Pattern.compile("[0-9a-f]{16}");

  private ObjectNames() {}

  public static boolean isSnapshotId(String id) {
    return SNAPSHOT_ID.matcher(id).matches();
  }

  public static boolean isVmName(String name) {
    return VM_NAME.matcher(name).matches();
  }

  public static String pack(long number) {
    return PACKS + hex(number);
  }

  public static String index(long number) {
    return INDEX + hex(number);
  }

  public static String image(long number) {
    return IMAGES + hex(number);
  }

  public static String hint(long image) {
    return HINTS + hex(image);
  }

  public static String condemned(long number) {
    return CONDEMNED + hex(number);
  }

  /**
   * The number in a name of 16 hex digits.
   *
   * @param prefix what the name must begin with, e.g. {@link #PACKS}
   * @return empty if the name is another one
   */
  public static OptionalLong number(String prefix, String name) {
    if (!name.startsWith(prefix) || !NUMBER.matcher(name.substring(prefix.length())).matches()) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(Long.parseUnsignedLong(name.substring(prefix.length()), 16));
  }

  /** What names of all parts of a snapshot begin with. */
  public static String snapshot(String id) {
    return SNAPSHOTS + checked(id) + "/";
  }

  public static String manifest(String id) {
    return snapshot(id) + "manifest";
  }

  public static String channelLog(String id, int to) {
    if (to < 0) {
      throw new IllegalArgumentException("no VNIC has the number " + to);
    }
    return snapshot(id) + "channels/" + to + ".log";
  }

  /** What names of all leases of a snapshot begin with. */
  public static String leases(String id) {
    return LEASES + checked(id) + "/";
  }

  /** Lease of an image. */
  public static String lease(String id, String part) {
    return leases(id) + part;
  }

  /** What a VM's memory is called within its snapshot. */
  public static String part(String vm) {
    if (!isVmName(vm)) {
      throw new IllegalArgumentException(
          "'%s' cannot be a VM's name: use %s".formatted(vm, VM_NAME));
    }
    return vm;
  }

  /** What a VM's disk is called within its snapshot. */
  public static String part(String vm, String disk) {
    if (!isVmName(disk)) {
      throw new IllegalArgumentException(
          "'%s' cannot be a disk's name: use %s".formatted(disk, VM_NAME));
    }
    return part(vm) + ".disk." + disk;
  }

  private static String checked(String id) {
    if (!isSnapshotId(id)) {
      throw new IllegalArgumentException(
          "'%s' cannot be a snapshot's id: use %s".formatted(id, SNAPSHOT_ID));
    }
    return id;
  }

  private static String hex(long number) {
    return "%016x".formatted(number);
  }
}
