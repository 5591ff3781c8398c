package io.vnsnap.proto.topology;

import static java.util.stream.Collectors.joining;

import io.vnsnap.proto.DiskSpec;
import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Shape;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import io.vnsnap.proto.topology.Violation.Kind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The rules of a topology that hold on every host: names, numbers and references. Pure; finds all
 * violations rather than the first.
 */
public final class TopologyRules {
  /** Most links of a VNE. */
  public static final int MAX_LINKS = 256;

  /** Most VMs of a VNE. */
  public static final int MAX_VMS = 256;

  /** Most VNICs of a VM. */
  public static final int MAX_VNICS_PER_VM = 16;

  /** Most disks of a VM. */
  public static final int MAX_DISKS_PER_VM = 16;

  /** Most VNICs of a VNE. */
  public static final int MAX_VNICS = 1024;

  /**
   * Most channels of a VNE, which are the ordered pairs of VNICs on a link: 256 VNICs on one link
   * have not quite as many. A manifest counts the frames of each channel, and must fit into one
   * message of 4 MiB (Artery's maximum-frame-size).
   */
  public static final int MAX_CHANNELS = 1 << 16;

  /**
   * The longest that a frame may be on a link, ms: it waits because of the rate, then it is delayed
   * by the delay and at most as much jitter. Recorded frames are spread over so long after a
   * restore.
   */
  public static final long LONGEST_WAY_MS = ShapeRules.LONGEST_WAY_US / 1000;

  /** Least memory of a VM, MiB. */
  public static final int MIN_MEMORY_MIB = 16;

  /** Most memory of a VM, MiB. */
  public static final int MAX_MEMORY_MIB = 1 << 20;

  /** Most CPUs of a VM. */
  public static final int MAX_CPUS = 255;

  /** Longest kernel command line, bytes: what an x86 kernel takes. */
  public static final int MAX_COMMAND_LINE_BYTES = 2047;

  /** Longest path of a file, bytes. */
  public static final int MAX_PATH_BYTES = 4095;

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,39}");
  private static final Pattern MAC = Pattern.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}");
  private static final Pattern PROGRAM = Pattern.compile("(^|\\s)sim\\.program=");
  private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cc}\\p{Zl}\\p{Zp}]");
  private static final int MAX_QUOTED = 80; // characters of a user's text in a message
  private static final String NAME_ADVICE =
      "write 1 to 40 lower-case letters, digits and hyphens, not a hyphen first";

  private final Topology topology;
  private final List<Violation> violations = new ArrayList<>();

  private TopologyRules(Topology topology) {
    this.topology = topology;
  }

  /** Whether this can name a VNE, link, VM, VNIC, disk or host. */
  public static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  /**
   * Whether a kernel command line names a program of the simulated hypervisor, which needs neither
   * kernel nor disk.
   */
  public static boolean namesProgram(String commandLine) {
    return PROGRAM.matcher(commandLine).find();
  }

  /** All violations, in the order of the topology; empty if it may be deployed. */
  public static List<Violation> check(Topology topology) {
    TopologyRules rules = new TopologyRules(topology);
    rules.checkVne();
    rules.checkLinks();
    rules.checkVms();
    rules.checkMacs();
    return List.copyOf(rules.violations);
  }

  private void checkVne() {
    checkName(Kind.VNE, topology.getName(), topology.getName(), 0);
    if (topology.getVmsCount() == 0) {
      add(Kind.VNE, topology.getName(), 0, "has no VM", "write at least one under vms");
    }
    checkCount(Kind.VNE, topology.getName(), 0, "links", topology.getLinksCount(), MAX_LINKS);
    checkCount(Kind.VNE, topology.getName(), 0, "VMs", topology.getVmsCount(), MAX_VMS);
    int vnics = topology.getVmsList().stream().mapToInt(VmSpec::getVnicsCount).sum();
    checkCount(Kind.VNE, topology.getName(), 0, "VNICs", vnics, MAX_VNICS);
    checkChannels();
  }

  private void checkChannels() {
    Map<String, Long> cards = new LinkedHashMap<>();
    topology
        .getVmsList()
        .forEach(
            vm -> vm.getVnicsList().forEach(vnic -> cards.merge(vnic.getLink(), 1L, Long::sum)));
    long channels = cards.values().stream().mapToLong(n -> n * (n - 1)).sum();
    if (channels > MAX_CHANNELS) {
      add(
          Kind.VNE,
          topology.getName(),
          0,
          "has %d channels, which are the ordered pairs of cards on a link".formatted(channels),
          "put fewer cards on a link, so that there are at most %d: 256 on one link, or 181 on each of two"
              .formatted(MAX_CHANNELS));
    }
  }

  private void checkLinks() {
    Map<String, Integer> seen = new LinkedHashMap<>();
    for (LinkSpec link : topology.getLinksList()) {
      checkName(Kind.LINK, link.getName(), link.getName(), link.getLine());
      checkUnique(seen, Kind.LINK, link.getName(), link.getName(), link.getLine());
      ShapeRules.checkNumbers(
          link.getShape(),
          (message, advice) -> add(Kind.LINK, link.getName(), link.getLine(), message, advice));
      ShapeRules.checkTogether(
          link.getShape(),
          (message, advice) -> add(Kind.LINK, link.getName(), link.getLine(), message, advice));
    }
  }

  private void checkVms() {
    Map<String, Integer> seen = new LinkedHashMap<>();
    for (VmSpec vm : topology.getVmsList()) {
      checkName(Kind.VM, vm.getName(), vm.getName(), vm.getLine());
      checkUnique(seen, Kind.VM, vm.getName(), vm.getName(), vm.getLine());
      checkSizes(vm);
      checkBoot(vm);
      checkVnics(vm);
      checkDisks(vm);
      if (!vm.getHost().isEmpty() && !isName(vm.getHost())) {
        add(
            Kind.VM,
            vm.getName(),
            vm.getLine(),
            "\"" + vm.getHost() + "\" cannot be the name of a host",
            NAME_ADVICE);
      }
    }
  }

  private void checkSizes(VmSpec vm) {
    int memory = vm.getMemoryMib();
    if (memory < MIN_MEMORY_MIB || memory > MAX_MEMORY_MIB) {
      add(
          Kind.VM,
          vm.getName(),
          vm.getLine(),
          "memory is " + memory + " MiB",
          "write " + MIN_MEMORY_MIB + " to " + MAX_MEMORY_MIB + " MiB");
    }
    if (vm.getCpus() < 1 || vm.getCpus() > MAX_CPUS) {
      add(
          Kind.VM,
          vm.getName(),
          vm.getLine(),
          "has " + vm.getCpus() + " CPUs",
          "write 1 to " + MAX_CPUS);
    }
  }

  private void checkBoot(VmSpec vm) {
    if (vm.getKernel().isEmpty() && !namesProgram(vm.getCommandLine())) {
      if (vm.getDisksCount() == 0) {
        add(
            Kind.VM,
            vm.getName(),
            vm.getLine(),
            "has nothing to boot from",
            "write a kernel or at least one disk");
      }
      if (!vm.getInitramfs().isEmpty() || !vm.getCommandLine().isEmpty()) {
        add(
            Kind.VM,
            vm.getName(),
            vm.getLine(),
            "has an initramfs or a command line, but no kernel to give them to",
            "write the kernel, or leave them away");
      }
    } else if (!vm.getKernel().isEmpty()) {
      checkPath(Kind.VM, vm.getName(), vm.getLine(), "kernel", vm.getKernel());
    }
    if (!vm.getInitramfs().isEmpty()) {
      checkPath(Kind.VM, vm.getName(), vm.getLine(), "initramfs", vm.getInitramfs());
    }
    String commandLine = vm.getCommandLine();
    if (hasControl(commandLine) || bytes(commandLine) > MAX_COMMAND_LINE_BYTES) {
      add(
          Kind.VM,
          vm.getName(),
          vm.getLine(),
          "its command line is too long or has control characters",
          "write at most " + MAX_COMMAND_LINE_BYTES + " bytes on one line");
    }
  }

  private void checkVnics(VmSpec vm) {
    checkCount(Kind.VM, vm.getName(), vm.getLine(), "VNICs", vm.getVnicsCount(), MAX_VNICS_PER_VM);
    Map<String, Integer> seen = new LinkedHashMap<>();
    Set<String> links = new HashSet<>();
    topology.getLinksList().forEach(link -> links.add(link.getName()));
    for (VnicSpec vnic : vm.getVnicsList()) {
      String name = vm.getName() + "/" + vnic.getName();
      checkName(Kind.VNIC, vnic.getName(), name, vnic.getLine());
      checkUnique(seen, Kind.VNIC, vnic.getName(), name, vnic.getLine());
      if (!links.contains(vnic.getLink())) {
        add(
            Kind.VNIC,
            name,
            vnic.getLine(),
            "there is no link \"" + vnic.getLink() + "\"",
            links.isEmpty()
                ? "write it under links"
                : "write one of: " + links.stream().sorted().collect(joining(", ")));
      }
      checkShape(name, vnic);
    }
  }

  private void checkShape(String name, VnicSpec vnic) {
    if (vnic.getShape().equals(Shape.getDefaultInstance())) {
      return; // then it is the link's
    }
    ShapeRules.checkNumbers(
        vnic.getShape(),
        (message, advice) -> add(Kind.VNIC, name, vnic.getLine(), message, advice));
    ShapeRules.checkTogether(
        LinkShapes.merged(topology, vnic),
        (message, advice) -> add(Kind.VNIC, name, vnic.getLine(), message, advice));
  }

  private void checkDisks(VmSpec vm) {
    checkCount(Kind.VM, vm.getName(), vm.getLine(), "disks", vm.getDisksCount(), MAX_DISKS_PER_VM);
    Map<String, Integer> seen = new LinkedHashMap<>();
    for (DiskSpec disk : vm.getDisksList()) {
      String name = vm.getName() + "/" + disk.getName();
      checkName(Kind.DISK, disk.getName(), name, disk.getLine());
      checkUnique(seen, Kind.DISK, disk.getName(), name, disk.getLine());
      checkPath(Kind.DISK, name, disk.getLine(), "file", disk.getFile());
      if (!disk.getFormat().equals("qcow2") && !disk.getFormat().equals("raw")) {
        add(
            Kind.DISK,
            name,
            disk.getLine(),
            "its format is \"" + disk.getFormat() + "\"",
            "write qcow2 or raw");
      }
    }
  }

  /** MAC addresses are one name space for the whole VNE: a VM may be moved to another link. */
  private void checkMacs() {
    Map<String, String> owners = new LinkedHashMap<>();
    for (VmSpec vm : topology.getVmsList()) {
      for (VnicSpec vnic : vm.getVnicsList()) {
        String name = vm.getName() + "/" + vnic.getName();
        String mac = vnic.getMac();
        if (!MAC.matcher(mac).matches()) {
          add(
              Kind.VNIC,
              name,
              vnic.getLine(),
              "\"" + mac + "\" is not a MAC address",
              "write it in lower case with colons, for example " + freeMac());
        } else if ((Integer.parseInt(mac.substring(0, 2), 16) & 1) != 0
            || mac.equals("00:00:00:00:00:00")) {
          add(
              Kind.VNIC,
              name,
              vnic.getLine(),
              "MAC address " + mac + " is not one card's",
              "write an even first byte, for example " + freeMac());
        } else {
          String owner = owners.putIfAbsent(mac, name);
          if (owner != null) {
            add(
                Kind.VNIC,
                name,
                vnic.getLine(),
                "MAC address " + mac + " is already taken by " + owner,
                "write another one, for example " + freeMac());
          }
        }
      }
    }
  }

  /** The lowest locally administered address that the topology does not use. */
  private String freeMac() {
    Set<String> used = new HashSet<>();
    topology.getVmsList().forEach(vm -> vm.getVnicsList().forEach(v -> used.add(v.getMac())));
    int n = 1;
    while (used.contains(mac(n))) {
      n++;
    }
    return mac(n);
  }

  private static String mac(int n) {
    return "02:00:00:%02x:%02x:%02x".formatted(n >> 16 & 0xff, n >> 8 & 0xff, n & 0xff);
  }

  private void checkName(Kind kind, String name, String subject, int line) {
    if (!isName(name)) {
      add(kind, subject, line, "\"" + name + "\" cannot be a name", NAME_ADVICE);
    }
  }

  private void checkUnique(
      Map<String, Integer> seen, Kind kind, String name, String subject, int line) {
    Integer first = seen.putIfAbsent(name, line);
    if (first != null) {
      add(
          kind,
          subject,
          line,
          "there is another "
              + kind.word()
              + " of that name"
              + (first > 0 ? " on line " + first : ""),
          "give one of them another name");
    }
  }

  private void checkCount(Kind kind, String name, int line, String what, int count, int most) {
    if (count > most) {
      add(kind, name, line, "has " + count + " " + what, "write at most " + most);
    }
  }

  private void checkPath(Kind kind, String name, int line, String what, String path) {
    if (!path.startsWith("/") || hasControl(path) || bytes(path) > MAX_PATH_BYTES) {
      add(
          kind,
          name,
          line,
          "its " + what + " is \"" + printable(path) + "\"",
          "write an absolute path that is the same on every host");
    }
  }

  private static boolean hasControl(String text) {
    return text.chars().anyMatch(Character::isISOControl);
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  /** Shortened and on one line: what users write goes into messages, not into terminals. */
  private static String printable(String text) {
    String line = onOneLine(text);
    return line.length() > MAX_QUOTED ? line.substring(0, MAX_QUOTED) + "…" : line;
  }

  private static String onOneLine(String text) {
    return UNPRINTABLE.matcher(text).replaceAll("?");
  }

  private void add(Kind kind, String name, int line, String message, String advice) {
    violations.add(
        new Violation(kind, printable(name), line, onOneLine(message), onOneLine(advice)));
  }
}
