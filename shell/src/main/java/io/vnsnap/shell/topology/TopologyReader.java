package io.vnsnap.shell.topology;

import io.vnsnap.proto.DiskSpec;
import io.vnsnap.proto.LinkSpec;
import io.vnsnap.proto.Shape;
import io.vnsnap.proto.Topology;
import io.vnsnap.proto.VmSpec;
import io.vnsnap.proto.VnicSpec;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** From a YAML tree to a topology: keys, types, sizes and files. */
final class TopologyReader {
  private static final Pattern MEMORY = Pattern.compile("([0-9]{1,9})\\s*(|M|MiB|G|GiB)");
  private static final int MIB_PER_GIB = 1024;
  private static final String VM_EXAMPLE = "{ name: vm1, memory: 128M, ... }";

  private final FileReferences files;
  private final Problems problems;
  private final Set<Integer> damaged = new HashSet<>();
  private String vne = "";

  TopologyReader(FileReferences files, Problems problems) {
    this.files = files;
    this.problems = problems;
  }

  /** The topology; what cannot be taken over is left out and noted. */
  Topology read(@Nullable YamlNode root) {
    Topology.Builder topology = Topology.newBuilder();
    int before = problems.count();
    if (!(root instanceof YamlNode.Mapping mapping)) {
      damaged.add(0);
      problems.add(
          root == null ? 0 : root.line(),
          "no topology; write the keys name, links and vms at the left margin");
      return topology.build();
    }
    KeyReader keys = new KeyReader("a topology", mapping, problems);
    vne = orEmpty(keys.required("name", "lab"));
    topology.setName(vne);
    readLinks(keys, topology);
    List<YamlNode.Mapping> vms = keys.mappings("vms", VM_EXAMPLE);
    if (vne.isEmpty() || vms.isEmpty()) {
      markDamaged(0, before);
    }
    vms.forEach(vm -> topology.addVms(readVm(vm)));
    keys.finish();
    return topology.build();
  }

  /**
   * Whether what starts on that line could not be taken over as written, so that rules on it say
   * nothing.
   */
  boolean isDamaged(int line) {
    return damaged.contains(line);
  }

  private void markDamaged(int line, int problemsBefore) {
    if (problems.count() > problemsBefore) {
      damaged.add(line);
    }
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
        int before = problems.count();
        KeyReader keys = new KeyReader(kind, mapping, problems);
        Shape shape = ShapeReader.read(keys, problems);
        markDamaged(mapping.line(), before);
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

  private VmSpec readVm(YamlNode.Mapping mapping) {
    KeyReader keys = new KeyReader("a VM", mapping, problems);
    int before = problems.count();
    VmSpec.Builder vm = VmSpec.newBuilder().setLine(keys.line());
    vm.setName(orEmpty(keys.required("name", "vm1")));
    vm.setMemoryMib(memory(keys));
    vm.setCpus(keys.number("cpus", 1));
    vm.setKernel(file(keys, "kernel", "vmlinuz"));
    vm.setInitramfs(file(keys, "initramfs", "initramfs.gz"));
    vm.setCommandLine(keys.optional("command-line", "console=ttyS0"));
    vm.setHost(keys.optional("host", "a"));
    markDamaged(keys.line(), before);
    for (YamlNode.Mapping disk :
        keys.mappings("disks", "{ name: root, file: root.qcow2, format: qcow2 }")) {
      vm.addDisks(readDisk(disk));
    }
    for (YamlNode.Mapping nic : keys.mappings("nics", "{ name: eth0, link: lan }")) {
      vm.addVnics(readNic(nic, vm.getName()));
    }
    keys.finish();
    return vm.build();
  }

  private int memory(KeyReader keys) {
    int line = keys.lineOf("memory");
    String text = keys.required("memory", "128M");
    int fallback = 128;
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
    int before = problems.count();
    DiskSpec.Builder disk = DiskSpec.newBuilder().setLine(keys.line());
    disk.setName(orEmpty(keys.required("name", "root")));
    int line = keys.lineOf("file");
    String file = keys.required("file", "root.qcow2");
    disk.setFile(file == null ? "" : files.resolve(line, "file", file));
    disk.setFormat(orEmpty(keys.required("format", "qcow2")));
    disk.setReadOnly(keys.flag("read-only"));
    markDamaged(keys.line(), before);
    keys.finish();
    return disk.build();
  }

  private VnicSpec readNic(YamlNode.Mapping mapping, String vm) {
    KeyReader keys = new KeyReader("a nic", mapping, problems);
    int before = problems.count();
    String name = orEmpty(keys.required("name", "eth0"));
    String link = orEmpty(keys.required("link", "lan"));
    String mac = keys.optional("mac", "\"52:54:00:00:00:01\"").toLowerCase(Locale.ROOT);
    YamlNode toLink = keys.any("to-link");
    VnicSpec.Builder vnic =
        VnicSpec.newBuilder()
            .setLine(keys.line())
            .setName(name)
            .setLink(link)
            .setMac(mac.isEmpty() ? MacAddress.of(vne, vm, name) : mac);
    if (toLink != null) {
      vnic.setShape(readShape(toLink, "\"to-link\"", "\"to-link\"", "to-link"));
    }
    markDamaged(keys.line(), before);
    keys.finish();
    return vnic.build();
  }

  private String file(KeyReader keys, String key, String example) {
    int line = keys.lineOf(key);
    String written = keys.optional(key, example);
    return written.isEmpty() ? "" : files.resolve(line, key, written);
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }
}
