package io.vnsnap.shell.topology;

import io.vnsnap.proto.DiskSpec;
import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Shape;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * From a YAML tree to a topology: keys, types, sizes and files. For what cannot be taken over as
 * written stands something that no rule objects to, so that the rules can be asked about all the
 * rest, and say nothing that only follows from what has been noted already.
 */
final class TopologyReader {
  private static final Pattern MEMORY = Pattern.compile("([0-9]{1,9})\\s*(|M|MiB|G|GiB)");
  private static final int MIB_PER_GIB = 1024;
  private static final int SOME_MEMORY_MIB = 128;
  private static final String SOME_FILE = "/unreadable";
  private static final String VM_EXAMPLE = "{ name: vm1, memory: 128M, ... }";

  private final FileReferences files;
  private final Problems problems;
  private String vne = "";
  private int unnamed;

  TopologyReader(FileReferences files, Problems problems) {
    this.files = files;
    this.problems = problems;
  }

  /** The topology; null, with a problem noted, if this is none. */
  @Nullable Topology read(@Nullable YamlNode root) {
    Topology.Builder topology = Topology.newBuilder();
    if (!(root instanceof YamlNode.Mapping mapping)) {
      problems.add(
          root == null ? 0 : root.line(),
          "no topology; write the keys name, links and vms at the left margin");
      return null;
    }
    KeyReader keys = new KeyReader("a topology", mapping, problems);
    vne = name(keys, "lab");
    topology.setName(vne);
    readLinks(keys, topology);
    int before = problems.count();
    List<YamlNode.Mapping> vms = keys.mappings("vms", VM_EXAMPLE);
    if (vms.isEmpty() && problems.count() > before) {
      topology.addVms(someVm());
    }
    vms.forEach(vm -> topology.addVms(readVm(vm, topology.getLinksList())));
    keys.finish();
    return topology.build();
  }

  /** A name, or one that nothing else has. */
  private String name(KeyReader keys, String example) {
    String name = keys.required("name", example);
    return name == null ? "unnamed-" + ++unnamed : name;
  }

  private VmSpec someVm() {
    return VmSpec.newBuilder()
        .setName("unnamed-" + ++unnamed)
        .setMemoryMib(SOME_MEMORY_MIB)
        .setCpus(1)
        .setKernel(SOME_FILE)
        .build();
  }

  private void readLinks(KeyReader keys, Topology.Builder topology) {
    YamlNode links = keys.any("links");
    switch (links) {
      case null -> {}
      case YamlNode.Mapping mapping ->
          mapping.entries().forEach(entry -> topology.addLinks(readLink(entry)));
      case YamlNode.Sequence list -> list.items().forEach(item -> addLink(item, topology));
      case YamlNode.Text text when text.isNothing() -> {}
      case YamlNode.Text text ->
          problems.add(
              text.line(),
              "\"links\" must be a group or list of names, not %s; write links: { lan: {} }"
                  .formatted(text.kind()));
    }
  }

  private LinkSpec readLink(YamlNode.Entry entry) {
    LinkSpec.Builder link = LinkSpec.newBuilder().setName(entry.key()).setLine(entry.line());
    Shape shape = readShape(entry.value(), "a link", "link \"" + entry.key() + "\"", entry.key());
    if (!shape.equals(Shape.getDefaultInstance())) {
      link.setShape(shape);
    }
    return link.build();
  }

  /** The shape in a group of keys of its own; nothing in it if nothing is written. */
  private Shape readShape(YamlNode value, String kind, String subject, String key) {
    switch (value) {
      case YamlNode.Mapping mapping -> {
        KeyReader keys = new KeyReader(kind, mapping, problems);
        Shape shape = ShapeReader.read(keys, problems);
        keys.finish();
        return shape;
      }
      case YamlNode.Text text when text.isNothing() -> {}
      case YamlNode other ->
          problems.add(
              other.line(),
              "%s must be a group of keys, not %s; write %s: {}"
                  .formatted(subject, other.kind(), key));
    }
    return Shape.getDefaultInstance();
  }

  private void addLink(YamlNode item, Topology.Builder topology) {
    if (item instanceof YamlNode.Text text && !text.isNothing()) {
      topology.addLinks(LinkSpec.newBuilder().setName(text.value()).setLine(text.line()));
    } else {
      problems.add(
          item.line(),
          "a link in a list must be a name, not %s; write - lan".formatted(item.kind()));
    }
  }

  private VmSpec readVm(YamlNode.Mapping mapping, List<LinkSpec> links) {
    KeyReader keys = new KeyReader("a VM", mapping, problems);
    VmSpec.Builder vm = VmSpec.newBuilder().setLine(keys.line());
    vm.setName(name(keys, "vm1"));
    vm.setMemoryMib(memory(keys));
    vm.setCpus(keys.number("cpus", 1));
    vm.setHost(keys.optional("host", "a"));
    List<YamlNode.Mapping> disks = readBoot(keys, vm);
    disks.forEach(disk -> vm.addDisks(readDisk(disk)));
    for (YamlNode.Mapping nic : keys.mappings("nics", "{ name: eth0, link: lan }")) {
      readNic(nic, vm.getName(), links).ifPresent(vm::addVnics);
    }
    int before = problems.count();
    keys.finish();
    if (problems.count() > before && vm.getKernel().isEmpty()) {
      vm.setKernel(SOME_FILE); // it may be what an unknown key was to be
    }
    return vm.build();
  }

  /** What a VM is started from; returns its disks, which are still to be read. */
  private List<YamlNode.Mapping> readBoot(KeyReader keys, VmSpec.Builder vm) {
    vm.setKernel(file(keys, "kernel", "vmlinuz"));
    vm.setInitramfs(file(keys, "initramfs", "initramfs.gz"));
    int before = problems.count();
    vm.setCommandLine(keys.optional("command-line", "console=ttyS0"));
    List<YamlNode.Mapping> disks =
        keys.mappings("disks", "{ name: root, file: root.qcow2, format: qcow2 }");
    if (problems.count() > before && vm.getKernel().isEmpty() && disks.isEmpty()) {
      vm.setKernel(SOME_FILE);
    }
    return disks;
  }

  private int memory(KeyReader keys) {
    int line = keys.lineOf("memory");
    String text = keys.required("memory", "128M");
    int fallback = SOME_MEMORY_MIB;
    if (text == null) {
      return fallback;
    }
    Matcher matcher = MEMORY.matcher(text);
    long mib =
        matcher.matches()
            ? Long.parseLong(matcher.group(1))
                * (matcher.group(2).startsWith("G") ? MIB_PER_GIB : 1)
            : -1;
    if (mib < 0 || mib > Integer.MAX_VALUE) {
      problems.add(
          line,
          "memory is \"%s\"; write MiB, or a number with M or G: 512, 512M or 2G".formatted(text));
      return fallback;
    }
    return (int) mib;
  }

  private DiskSpec readDisk(YamlNode.Mapping mapping) {
    KeyReader keys = new KeyReader("a disk", mapping, problems);
    DiskSpec.Builder disk = DiskSpec.newBuilder().setLine(keys.line());
    disk.setName(name(keys, "root"));
    int line = keys.lineOf("file");
    String file = keys.required("file", "root.qcow2");
    disk.setFile(file == null ? SOME_FILE : resolve(line, "file", file));
    String format = keys.required("format", "qcow2");
    disk.setFormat(format == null ? "qcow2" : format);
    disk.setReadOnly(keys.flag("read-only"));
    keys.finish();
    return disk.build();
  }

  /** None if it names no link and there is no other one that could stand for it. */
  private Optional<VnicSpec> readNic(YamlNode.Mapping mapping, String vm, List<LinkSpec> links) {
    KeyReader keys = new KeyReader("a nic", mapping, problems);
    String name = name(keys, "eth0");
    String link = keys.required("link", "lan");
    if (link == null && !links.isEmpty()) {
      link = links.get(0).getName();
    }
    String mac = keys.optional("mac", "\"52:54:00:00:00:01\"").toLowerCase(Locale.ROOT);
    YamlNode toLink = keys.any("to-link");
    VnicSpec.Builder vnic =
        VnicSpec.newBuilder()
            .setLine(keys.line())
            .setName(name)
            .setLink(link == null ? "" : link)
            .setMac(mac.isEmpty() ? MacAddress.of(vne, vm, name) : mac);
    if (toLink != null) {
      vnic.setShape(readShape(toLink, "\"to-link\"", "\"to-link\"", "to-link"));
    }
    keys.finish();
    return link == null ? Optional.empty() : Optional.of(vnic.build());
  }

  private String file(KeyReader keys, String key, String example) {
    int line = keys.lineOf(key);
    int before = problems.count();
    String written = keys.optional(key, example);
    if (problems.count() > before) {
      return SOME_FILE;
    }
    return written.isEmpty() ? "" : resolve(line, key, written);
  }

  private String resolve(int line, String key, String written) {
    String path = files.resolve(line, key, written);
    return path.isEmpty() ? SOME_FILE : path;
  }
}
