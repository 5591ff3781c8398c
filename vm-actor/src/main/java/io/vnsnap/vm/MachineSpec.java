package io.vnsnap.vm;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.proto.topology.TopologyRules;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A VM as a hypervisor needs to know it. What cannot be run anywhere is refused on construction, by
 * an {@link IllegalArgumentException} with one line for the person who must act.
 *
 * @param name of the VM
 * @param folder private to this VM while it runs, absolute; made by the hypervisor, removed when
 *     the VM has ended. Sockets are in it, so its path must be short
 * @param diskFolder where disk overlays and rebuilt disks go, absolute
 * @param memoryMib memory in MiB
 * @param cpus number of virtual CPUs
 * @param boot what to start
 * @param disks in the order the guest sees them
 * @param vnics in the order the guest sees them
 */
public record MachineSpec(
    String name,
    Path folder,
    Path diskFolder,
    int memoryMib,
    int cpus,
    Boot boot,
    List<Disk> disks,
    List<Vnic> vnics) {

  /** VNICs and disks together: slots on the PCI bus that are always free. */
  public static final int MAX_DEVICES = 24;

  /** Of a UNIX socket's path: the kernel allows 107. */
  public static final int MAX_SOCKET_PATH_BYTES = 99;

  /** Longest name of a socket in the folder, with its separator. */
  private static final int SOCKET_NAME_BYTES = "/console".length();

  private static final int MAX_MEMORY_MIB = 1 << 24;
  private static final int MAX_CPUS = 255;
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,39}");
  private static final Pattern SNAPSHOT_ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
  private static final Pattern MAC = Pattern.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}");

  public MachineSpec {
    disks = List.copyOf(disks);
    vnics = List.copyOf(vnics);
    checkName("VM", name);
    check(folder.isAbsolute() && diskFolder.isAbsolute(), name, "its folders must be absolute");
    int bytes = folder.toString().getBytes(StandardCharsets.UTF_8).length + SOCKET_NAME_BYTES;
    check(
        bytes <= MAX_SOCKET_PATH_BYTES,
        name,
        "the path of its folder is too long for UNIX sockets by "
            + (bytes - MAX_SOCKET_PATH_BYTES)
            + " bytes: "
            + folder);
    check(
        memoryMib >= 1 && memoryMib <= MAX_MEMORY_MIB,
        name,
        "memory must be 1 to " + MAX_MEMORY_MIB + " MiB, not " + memoryMib);
    check(cpus >= 1 && cpus <= MAX_CPUS, name, "cpus must be 1 to " + MAX_CPUS + ", not " + cpus);
    check(
        disks.size() + vnics.size() <= MAX_DEVICES,
        name,
        "at most " + MAX_DEVICES + " VNICs and disks together");
    check(
        boot.kernel() != null || !disks.isEmpty() || boot.namesProgram(),
        name,
        "it needs a kernel or a disk to boot from");
    checkDistinct(name, "disk", disks.stream().map(Disk::name).toList());
    checkDistinct(name, "VNIC", vnics.stream().map(Vnic::name).toList());
  }

  /**
   * What a VM starts.
   *
   * @param kernel absolute; null: boot from the first disk, or run what the command line names
   * @param initramfs absolute; null: none
   * @param commandLine of the kernel; may be empty
   */
  public record Boot(@Nullable Path kernel, @Nullable Path initramfs, String commandLine) {
    public Boot {
      boolean program = TopologyRules.namesProgram(commandLine);
      if (kernel == null && !program && (initramfs != null || !commandLine.isEmpty())) {
        throw new IllegalArgumentException("an initramfs or a command line needs a kernel");
      }
    }

    /** Whether the command line names a program of the simulated hypervisor. */
    boolean namesProgram() {
      return TopologyRules.namesProgram(commandLine);
    }
  }

  /**
   * A disk.
   *
   * @param name unique within the VM
   * @param file the image it starts from, absolute
   * @param format of the file, "qcow2" or "raw"
   * @param readOnly for the guest
   * @param stored what the file was rebuilt from; then it is the VM's own, which writes to it and
   *     removes it. Null: it is the user's
   */
  public record Disk(
      String name, Path file, String format, boolean readOnly, @Nullable DiskRecord stored) {

    /** A disk that starts from the user's file. */
    public Disk(String name, Path file, String format, boolean readOnly) {
      this(name, file, format, readOnly, null);
    }

    public Disk {
      checkName("disk", name);
      check(file.isAbsolute(), name, "the file must be absolute: " + file);
      check(
          format.equals("qcow2") || format.equals("raw"),
          name,
          "the format must be qcow2 or raw, not " + format);
    }
  }

  /**
   * A network card.
   *
   * @param name unique within the VM
   * @param mac lower case, colon separated
   */
  public record Vnic(String name, String mac) {
    public Vnic {
      checkName("VNIC", name);
      check(MAC.matcher(mac).matches(), name, "not a MAC address: " + mac);
    }
  }

  /** Number of a VNIC within this VM, from 0. */
  public int vnicNumber(String vnic) {
    for (int i = 0; i < vnics.size(); i++) {
      if (vnics.get(i).name().equals(vnic)) {
        return i;
      }
    }
    throw new IllegalArgumentException("VM " + name + " has no VNIC " + vnic);
  }

  /**
   * Says in one line which file that this VM starts from cannot be read here, or that it starts
   * from none; null: all can.
   */
  public @Nullable String unreadableFile() {
    if (boot.kernel() == null && disks.isEmpty()) {
      return "VM "
          + name
          + ": it has no kernel and no disk, only a program for the simulated hypervisor"
          + " (vnsnap.vm.hypervisor = simulated)";
    }
    String reason = unreadable("kernel", boot.kernel());
    if (reason == null) {
      reason = unreadable("initramfs", boot.initramfs());
    }
    for (Disk disk : disks) {
      if (reason == null) {
        reason = unreadable("disk " + disk.name(), disk.file());
      }
    }
    return reason;
  }

  /**
   * This VM with its disks as they were at a cut: those that are in the store say so, and have no
   * file yet; the others, of snapshots by older versions, are files that were frozen.
   *
   * @throws IllegalArgumentException if a disk of this VM is not recorded, or the other way round
   */
  public MachineSpec withDisks(List<DiskRecord> records) {
    var byName =
        records.stream().collect(Collectors.toMap(DiskRecord::getName, Function.identity()));
    check(
        byName.keySet().equals(disks.stream().map(Disk::name).collect(Collectors.toSet())),
        name,
        "the image was captured with the disks " + byName.keySet());
    return withDisksAt(disks.stream().map(disk -> at(disk, byName)).toList());
  }

  /** This VM with these disks in place of its own. */
  MachineSpec withDisksAt(List<Disk> others) {
    return new MachineSpec(name, folder, diskFolder, memoryMib, cpus, boot, others, vnics);
  }

  private static Disk at(Disk disk, java.util.Map<String, DiskRecord> records) {
    DiskRecord record = java.util.Objects.requireNonNull(records.get(disk.name()));
    return record.getObject().isEmpty()
        ? new Disk(disk.name(), Path.of(record.getFile()), record.getFormat(), disk.readOnly())
        : new Disk(disk.name(), disk.file(), disk.format(), disk.readOnly(), record);
  }

  /**
   * Checks a snapshot's id, which becomes part of file names.
   *
   * @throws IllegalArgumentException if it may not
   */
  public static void checkSnapshotId(String snapshotId) {
    if (!SNAPSHOT_ID.matcher(snapshotId).matches()) {
      throw new IllegalArgumentException("not the id of a snapshot: " + snapshotId);
    }
  }

  private @Nullable String unreadable(String what, @Nullable Path file) {
    if (file == null || (Files.isRegularFile(file) && Files.isReadable(file))) {
      return null;
    }
    String wrong = Files.exists(file) ? "is not a file that can be read" : "does not exist";
    return "VM " + name + ": " + what + ": " + file + " " + wrong;
  }

  private static void checkDistinct(String vm, String what, List<String> names) {
    Set<String> seen = new HashSet<>();
    for (String one : names) {
      check(seen.add(one), vm, "two " + what + "s are named " + one);
    }
  }

  private static void checkName(String what, String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          what + " name must be 1 to 40 of a-z, 0-9 and -, not starting with -: " + name);
    }
  }

  private static void check(boolean condition, String subject, String message) {
    if (!condition) {
      throw new IllegalArgumentException(subject + ": " + message);
    }
  }
}
