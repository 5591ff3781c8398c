package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.proto.DiskRecord;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.MachineSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The disks of one VM: for each an overlay that QEMU writes to, over the user's file or over what
 * earlier cuts froze. A read-only disk has no overlay: it never changes.
 *
 * <p>Used by one thread at a time.
 */
final class QemuDisks {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final int UNIQUE_BYTES = 8;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final MachineSpec spec;
  private final QemuSettings settings;
  private final List<Path> tops = new ArrayList<>();
  private int frozenTimes;

  QemuDisks(MachineSpec spec, QemuSettings settings) {
    this.spec = spec;
    this.settings = settings;
  }

  /** Makes the first overlay of each disk; blocks. On failure nothing is left. */
  void create() throws HypervisorException {
    try {
      for (MachineSpec.Disk disk : spec.disks()) {
        if (disk.readOnly()) {
          tops.add(disk.file());
        } else {
          Path overlay = unique(disk.name());
          createOverlay(disk, overlay);
          tops.add(overlay);
        }
      }
    } catch (HypervisorException e) {
      removeTops();
      throw e;
    }
  }

  private void createOverlay(MachineSpec.Disk disk, Path overlay) throws HypervisorException {
    List<String> command =
        List.of(
            settings.imageTool(),
            "create",
            "-q",
            "-f",
            "qcow2",
            "-b",
            disk.file().toString(),
            "-F",
            disk.format(),
            overlay.toString());
    String failure;
    try {
      Process tool =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .directory(spec.folder().toFile())
              .start();
      if (!tool.waitFor(settings.startTimeout().toMillis(), TimeUnit.MILLISECONDS)) {
        tool.destroyForcibly();
        failure = "it did not end in " + settings.startTimeout();
      } else if (tool.exitValue() == 0) {
        return;
      } else {
        failure =
            new String(tool.getInputStream().readNBytes(1024), StandardCharsets.UTF_8).strip();
      }
    } catch (IOException e) {
      failure =
          "cannot run " + settings.imageTool() + " (Debian package qemu-utils): " + e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failure = "interrupted";
    }
    throw new HypervisorException(
        "VM " + spec.name() + ": no overlay for disk " + disk.name() + ": " + failure);
  }

  /** Arguments of -blockdev, one per disk. */
  List<ObjectNode> blockDevices() {
    List<ObjectNode> devices = new ArrayList<>();
    for (int i = 0; i < tops.size(); i++) {
      MachineSpec.Disk disk = spec.disks().get(i);
      ObjectNode file = JSON.objectNode().put("driver", "file");
      file.put("filename", tops.get(i).toString());
      ObjectNode device =
          JSON.objectNode()
              .put("driver", disk.readOnly() ? disk.format() : "qcow2")
              .put("node-name", node(i, 0));
      if (disk.readOnly()) {
        file.put("read-only", true);
        device.put("read-only", true);
      } else {
        device.put("discard", "unmap");
      }
      device.set("file", file);
      devices.add(device);
    }
    return devices;
  }

  /** Name in QEMU of the first node of a disk; frozen and newer ones follow it. */
  static String firstNode(int disk) {
    return node(disk, 0);
  }

  /** Whether any disk can change. */
  boolean writable() {
    return spec.disks().stream().anyMatch(disk -> !disk.readOnly());
  }

  /**
   * What a freeze asks of QEMU.
   *
   * @param arguments of the QMP command "transaction"
   * @param overlays the tops when it is done
   */
  record Freeze(ObjectNode arguments, List<Path> overlays) {}

  Freeze planFreeze(String snapshotId) {
    ArrayNode actions = JSON.arrayNode();
    List<Path> overlays = new ArrayList<>(tops);
    for (int i = 0; i < tops.size(); i++) {
      MachineSpec.Disk disk = spec.disks().get(i);
      if (disk.readOnly()) {
        continue;
      }
      overlays.set(i, unique(disk.name() + "-after-" + snapshotId));
      ObjectNode data =
          JSON.objectNode()
              .put("node-name", node(i, frozenTimes))
              .put("snapshot-file", overlays.get(i).toString())
              .put("snapshot-node-name", node(i, frozenTimes + 1))
              .put("format", "qcow2");
      ObjectNode action = JSON.objectNode().put("type", "blockdev-snapshot-sync");
      action.set("data", data);
      actions.add(action);
    }
    ObjectNode arguments = JSON.objectNode();
    arguments.set("actions", actions);
    return new Freeze(arguments, overlays);
  }

  /** After QEMU has done it. */
  List<DiskRecord> frozen(Freeze freeze) {
    List<DiskRecord> records = records();
    tops.clear();
    tops.addAll(freeze.overlays());
    frozenTimes++;
    return records;
  }

  /** The disks as they are. */
  List<DiskRecord> records() {
    List<DiskRecord> records = new ArrayList<>();
    for (int i = 0; i < tops.size(); i++) {
      MachineSpec.Disk disk = spec.disks().get(i);
      records.add(
          DiskRecord.newBuilder()
              .setName(disk.name())
              .setFile(tops.get(i).toString())
              .setFormat(disk.readOnly() ? disk.format() : "qcow2")
              .build());
    }
    return records;
  }

  /** Removes the overlays that no cut has frozen; nobody else knows them. Blocks. */
  void removeTops() {
    for (int i = 0; i < tops.size(); i++) {
      if (!spec.disks().get(i).readOnly()) {
        PrivateFolder.deleteQuietly(tops.get(i));
      }
    }
    tops.clear();
  }

  private static String node(int disk, int generation) {
    return "disk" + disk + "-" + generation;
  }

  private Path unique(String prefix) {
    byte[] bytes = new byte[UNIQUE_BYTES];
    RANDOM.nextBytes(bytes);
    return spec.diskFolder().resolve(prefix + "-" + HexFormat.of().formatHex(bytes) + ".qcow2");
  }

  /** Makes the folder that overlays go to. */
  void makeFolder() throws IOException {
    if (writable()) {
      Files.createDirectories(spec.diskFolder(), PrivateFolder.PRIVATE);
    }
  }
}
