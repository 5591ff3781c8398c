package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.vm.MachineSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The arguments QEMU is started with. Devices have fixed places on the PCI bus, so that an image
 * loads into the same machine that it was captured from.
 */
final class QemuCommandLine {
  /** VNICs, then disks; guests number both by their slots. */
  private static final int FIRST_SLOT = 2;

  private QemuCommandLine() {}

  static Path controlSocket(MachineSpec spec) {
    return spec.folder().resolve("qmp");
  }

  static Path consoleSocket(MachineSpec spec) {
    return spec.folder().resolve("console");
  }

  static Path networkSocket(MachineSpec spec, int vnic) {
    return spec.folder().resolve("net" + vnic);
  }

  /**
   * @param incoming whether the state comes from an image, not from a boot
   */
  static List<String> of(
      MachineSpec spec, QemuDisks disks, QemuSettings settings, boolean incoming) {
    List<String> line = new ArrayList<>();
    line.add(settings.binary());
    // Thread names let us see when a capture has visited all memory: see QemuCapture.
    add(line, "-name", "guest=" + spec.name() + ",debug-threads=on");
    add(line, "-machine", settings.machine());
    add(line, "-accel", usesKvm(settings) ? "kvm" : "tcg");
    add(line, "-cpu", settings.cpu());
    add(line, "-smp", Integer.toString(spec.cpus()));
    add(line, "-m", "size=" + spec.memoryMib() + "M");
    line.addAll(List.of("-nodefaults", "-nographic", "-no-user-config", "-no-reboot", "-S"));
    add(line, "-pidfile", spec.folder().resolve("pid").toString());
    addBoot(line, spec.boot());
    add(line, "-chardev", listening("console", consoleSocket(spec)));
    add(line, "-serial", "chardev:console");
    add(line, "-qmp", "unix:" + escape(controlSocket(spec)) + ",server=on,wait=off");
    addVnics(line, spec);
    addDisks(line, disks, spec);
    if (incoming) {
      add(line, "-incoming", "defer");
    }
    return line;
  }

  private static void addBoot(List<String> line, MachineSpec.Boot boot) {
    if (boot.kernel() != null) {
      add(line, "-kernel", boot.kernel().toString());
      add(line, "-append", boot.commandLine());
    }
    if (boot.initramfs() != null) {
      // Several files could be given here, separated by commas.
      add(line, "-initrd", escape(boot.initramfs()));
    }
  }

  private static void addVnics(List<String> line, MachineSpec spec) {
    for (int i = 0; i < spec.vnics().size(); i++) {
      ObjectNode address = JsonNodeFactory.instance.objectNode().put("type", "unix");
      address.put("path", networkSocket(spec, i).toString());
      ObjectNode back =
          JsonNodeFactory.instance
              .objectNode()
              .put("type", "stream")
              .put("id", "net" + i)
              .put("server", true);
      back.set("addr", address);
      add(line, "-netdev", back.toString());
      add(
          line,
          "-device",
          String.format(
              "virtio-net-pci,id=vnic%d,netdev=net%d,mac=%s,addr=0x%x,romfile=,rx_queue_size=1024",
              i, i, spec.vnics().get(i).mac(), FIRST_SLOT + i));
    }
  }

  private static void addDisks(List<String> line, QemuDisks disks, MachineSpec spec) {
    disks.blockDevices().forEach(device -> add(line, "-blockdev", device.toString()));
    for (int i = 0; i < spec.disks().size(); i++) {
      boolean booted = i == 0 && spec.boot().kernel() == null;
      add(
          line,
          "-device",
          String.format(
              "virtio-blk-pci,id=disk%d,drive=%s,addr=0x%x%s",
              i,
              QemuDisks.firstNode(i),
              FIRST_SLOT + spec.vnics().size() + i,
              booted ? ",bootindex=0" : ""));
    }
  }

  /** KVM hangs or aborts with ordinary guests where another module than these provides it. */
  static boolean usesKvm(QemuSettings settings) {
    return switch (settings.accelerator()) {
      case KVM -> true;
      case TCG -> false;
      case AUTO ->
          (Files.exists(Path.of("/sys/module/kvm_intel"))
                  || Files.exists(Path.of("/sys/module/kvm_amd")))
              && Files.isReadable(Path.of("/dev/kvm"))
              && Files.isWritable(Path.of("/dev/kvm"));
    };
  }

  private static String listening(String id, Path socket) {
    return "socket,id=" + id + ",path=" + escape(socket) + ",server=on,wait=off";
  }

  /** In a list of options a comma stands for itself when it is doubled. */
  private static String escape(Path value) {
    return value.toString().replace(",", ",,");
  }

  private static void add(List<String> line, String option, String value) {
    line.add(option);
    line.add(value);
  }
}
