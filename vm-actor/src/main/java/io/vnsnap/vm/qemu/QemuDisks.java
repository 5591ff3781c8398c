package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.qemu.disk.ImageTool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * The files of one VM's disks: for each that can change an overlay that QEMU writes to, over the
 * user's file, over one that was rebuilt from a snapshot, or over what cuts have frozen. A
 * read-only disk has no overlay: it never changes.
 *
 * <p>Used by one thread at a time.
 */
final class QemuDisks {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final int UNIQUE_BYTES = 8;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final MachineSpec spec;
  private final ImageTool tool;
  private final List<DiskChain> chains = new ArrayList<>();
  private int frozenTimes;

  QemuDisks(MachineSpec spec, QemuSettings settings) {
    this.spec = spec;
    this.tool = new ImageTool(settings.imageTool(), settings.startTimeout());
  }

  ImageTool tool() {
    return tool;
  }

  /** Those of all disks, in the order of the specification. */
  List<DiskChain> chains() {
    return chains;
  }

  /** Makes the first overlay of each disk; blocks. On failure nothing is left. */
  void create() throws HypervisorException {
    try {
      for (MachineSpec.Disk disk : spec.disks()) {
        chains.add(create(disk));
      }
    } catch (HypervisorException e) {
      remove();
      throw e;
    }
  }

  private DiskChain create(MachineSpec.Disk disk) throws HypervisorException {
    try {
      ImageTool.Source below = new ImageTool.Source(disk.file(), disk.format());
      DiskChain chain = new DiskChain(chains.size(), disk, tool.virtualSize(below));
      if (!disk.readOnly()) {
        Path overlay = unique(disk.name());
        tool.createOverlay(below, overlay);
        chain.add(new DiskChain.Layer(chain.node(0), overlay, "qcow2", true));
      }
      return chain;
    } catch (IOException e) {
      throw new HypervisorException(
          "VM " + spec.name() + ": no overlay for disk " + disk.name() + ": " + e.getMessage());
    }
  }

  /** Arguments of -blockdev, in the order in which they must be given. */
  List<ObjectNode> blockDevices() {
    List<ObjectNode> devices = new ArrayList<>();
    for (DiskChain chain : chains) {
      if (chain.readOnly()) {
        devices.add(
            device(firstNode(chain.number()), chain.disk().file(), chain.disk().format(), true));
        continue;
      }
      String below = "";
      for (DiskChain.Layer layer : chain.layers()) {
        ObjectNode device = device(layer.node(), layer.file(), layer.format(), false);
        if (!below.isEmpty()) {
          device.put("backing", below);
        }
        below = layer.node();
        devices.add(device.put("discard", "unmap"));
      }
    }
    return devices;
  }

  private static ObjectNode device(String node, Path file, String format, boolean readOnly) {
    ObjectNode protocol = JSON.objectNode().put("driver", "file").put("filename", file.toString());
    ObjectNode device = JSON.objectNode().put("driver", format).put("node-name", node);
    if (readOnly) {
      protocol.put("read-only", true);
      device.put("read-only", true);
    }
    device.set("file", protocol);
    return device;
  }

  /** Name in QEMU of the node that a disk's device is started with; newer ones follow it. */
  static String firstNode(int disk) {
    return DiskChain.node(disk, 0);
  }

  /** Whether any disk can change. */
  boolean writable() {
    return spec.disks().stream().anyMatch(disk -> !disk.readOnly());
  }

  /**
   * What a freeze asks of QEMU.
   *
   * @param arguments of the QMP command "transaction"
   * @param overlays that are written to when it is done, one for each disk that can change
   */
  record Freeze(ObjectNode arguments, List<DiskChain.Layer> overlays) {}

  Freeze planFreeze(String snapshotId) {
    ArrayNode actions = JSON.arrayNode();
    List<DiskChain.Layer> overlays = new ArrayList<>();
    for (DiskChain chain : chains) {
      if (chain.readOnly()) {
        continue;
      }
      DiskChain.Layer overlay =
          new DiskChain.Layer(
              chain.node(frozenTimes + 1),
              unique(chain.disk().name() + "-after-" + snapshotId),
              "qcow2",
              false);
      overlays.add(overlay);
      ObjectNode data =
          JSON.objectNode()
              .put("node-name", chain.active().node())
              .put("snapshot-file", overlay.file().toString())
              .put("snapshot-node-name", overlay.node())
              .put("format", overlay.format());
      ObjectNode action = JSON.objectNode().put("type", "blockdev-snapshot-sync");
      action.set("data", data);
      actions.add(action);
    }
    ObjectNode arguments = JSON.objectNode();
    arguments.set("actions", actions);
    return new Freeze(arguments, overlays);
  }

  /** After QEMU has done it. */
  void frozen(Freeze freeze) {
    var overlays = freeze.overlays().iterator();
    for (DiskChain chain : chains) {
      if (!chain.readOnly()) {
        chain.add(overlays.next());
      }
    }
    frozenTimes++;
  }

  /** A file that can be made while a disk is stored. */
  Path scratch(DiskChain chain) {
    return spec.diskFolder().resolve(chain.disk().name() + ".decoded");
  }

  /** Removes all files that are the VM's own: nobody else knows them. Blocks. */
  void remove() {
    for (DiskChain chain : chains) {
      chain.layers().forEach(layer -> PrivateFolder.deleteQuietly(layer.file()));
    }
    for (MachineSpec.Disk disk : spec.disks()) {
      if (disk.stored() != null) {
        PrivateFolder.deleteQuietly(disk.file());
      }
    }
  }

  private Path unique(String prefix) {
    byte[] bytes = new byte[UNIQUE_BYTES];
    RANDOM.nextBytes(bytes);
    return spec.diskFolder().resolve(prefix + "-" + HexFormat.of().formatHex(bytes) + ".qcow2");
  }

  /** Makes the folder that overlays go to. */
  void makeFolder() throws IOException {
    if (!spec.disks().isEmpty()) {
      Files.createDirectories(spec.diskFolder(), PrivateFolder.PRIVATE);
    }
  }
}
