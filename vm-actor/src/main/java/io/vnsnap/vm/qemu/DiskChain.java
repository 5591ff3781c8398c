package io.vnsnap.vm.qemu;

import io.vnsnap.proto.DiskRecord;
import io.vnsnap.vm.MachineSpec;
import io.vnsnap.vm.qemu.disk.DiskCopy;
import io.vnsnap.vm.qemu.disk.ImageTool;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/**
 * The files of one disk that are the VM's own, one over the other, and how far up they are in the
 * store. QEMU writes to the uppermost; the others are frozen. Below them all is the user's file,
 * which is never written to, unless the lowest was rebuilt from a snapshot.
 *
 * <p>Used by one thread at a time; the layers may be looked at by others.
 */
final class DiskChain {
  /** More of them would slow the guest's reads down, and say that folding does not keep up. */
  static final int MAX_LAYERS = 32;

  private final int number;
  private final MachineSpec.Disk disk;
  private final long bytes;

  /** From the lowest to the one that is written to; none if the disk is read-only. */
  private final List<Layer> layers = new CopyOnWriteArrayList<>();

  /** How many of the layers, from the lowest, make up what {@link #record} is about. */
  private int stored;

  private Optional<DiskRecord> record;

  /**
   * One file.
   *
   * @param node its name in QEMU
   * @param initial whether QEMU was started with it: then its node is not QEMU's to remove
   */
  record Layer(String node, Path file, String format, boolean initial) {}

  /** Two layers that may become one: the upper, and all between, go into the lower. */
  record Fold(Layer lower, Layer upper) {}

  /**
   * @param number of the disk in the VM, from 0
   * @param bytes how long the guest takes it to be
   */
  DiskChain(int number, MachineSpec.Disk disk, long bytes) {
    this.number = number;
    this.disk = disk;
    this.bytes = bytes;
    this.record = Optional.ofNullable(disk.stored());
    if (record.isPresent() && !disk.readOnly()) {
      layers.add(new Layer("disk" + number + "-base", disk.file(), disk.format(), true));
      stored = 1;
    }
  }

  static String node(int disk, int generation) {
    return "disk" + disk + "-" + generation;
  }

  String node(int generation) {
    return node(number, generation);
  }

  int number() {
    return number;
  }

  MachineSpec.Disk disk() {
    return disk;
  }

  boolean readOnly() {
    return disk.readOnly();
  }

  List<Layer> layers() {
    return layers;
  }

  Layer active() {
    return layers.getLast();
  }

  /** Begins to write to another layer. */
  void add(Layer overlay) {
    layers.add(overlay);
  }

  /** What to store of what is frozen now. */
  DiskCopy.Plan plan(Path scratch) {
    if (readOnly()) {
      return new DiskCopy.Plan(
          disk.name(),
          new ImageTool.Source(disk.file(), disk.format()),
          bytes,
          record,
          Set.of(),
          scratch);
    }
    Layer top = layers.get(layers.size() - 2);
    Set<Path> changed =
        layers.subList(stored, layers.size() - 1).stream()
            .map(Layer::file)
            .collect(Collectors.toUnmodifiableSet());
    return new DiskCopy.Plan(
        disk.name(),
        new ImageTool.Source(top.file(), top.format()),
        bytes,
        record,
        changed,
        scratch);
  }

  /** Everything that is frozen is in the store, as this. */
  void stored(DiskRecord now) {
    record = Optional.of(now);
    stored = Math.max(layers.size() - 1, 0);
  }

  /**
   * What can be folded: all that is stored into its lowest layer, or else all that is frozen and
   * not stored into its lowest, so that snapshots that fail do not lengthen the chain either. The
   * two are never mixed: what has changed since the disk was stored must stay known.
   */
  Optional<Fold> fold() {
    int frozen = layers.size() - 1;
    if (stored >= 2) {
      return Optional.of(new Fold(layers.get(0), layers.get(stored - 1)));
    }
    return frozen - stored >= 2
        ? Optional.of(new Fold(layers.get(stored), layers.get(frozen - 1)))
        : Optional.empty();
  }

  /**
   * After QEMU has done it.
   *
   * @return the layers that are gone
   */
  List<Layer> folded(Fold fold) {
    int lower = layers.indexOf(fold.lower());
    int upper = layers.indexOf(fold.upper());
    List<Layer> gone = List.copyOf(layers.subList(lower + 1, upper + 1));
    layers.removeAll(gone);
    if (upper < stored) {
      stored -= gone.size();
    }
    return gone;
  }
}
