package io.vnsnap.vm.qemu;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Settings of {@link QemuHypervisor}: see {@code vnsnap.vm.qemu} in reference.conf.
 *
 * @param binary QEMU, by name or path
 * @param imageTool qemu-img, by name or path
 * @param accelerator which one to use
 * @param machine value of -machine
 * @param cpu value of -cpu
 * @param startTimeout for a process to start and answer
 * @param commandTimeout for an answer, or an effect
 * @param messageLimit of one message from QEMU, in bytes
 * @param loadTimeout for an image
 * @param stallTimeout for the next bytes of a capture
 * @param visitTimeout for a prepared capture's visit of the memory
 * @param streamBuffer in bytes
 * @param quitTimeout for QEMU to end by itself
 * @param lazy for images that are loaded while the VM runs
 * @param foldWait how long a snapshot waits for disk overlays to be folded
 */
public record QemuSettings(
    String binary,
    String imageTool,
    Accelerator accelerator,
    String machine,
    String cpu,
    Duration startTimeout,
    Duration commandTimeout,
    int messageLimit,
    Duration loadTimeout,
    Duration stallTimeout,
    Duration visitTimeout,
    int streamBuffer,
    Duration quitTimeout,
    Lazy lazy,
    Duration foldWait) {

  /**
   * Loading while the VM runs.
   *
   * @param batchPages pushed at a time
   * @param nearPages sent after a page that the VM asked for
   * @param socketBuffer of what is on its way to QEMU, in bytes
   * @param quiet of a VM that asks for nothing, before more is pushed
   * @param patience with a VM that is not quiet, in all
   * @param captureWait for the end of loading before a capture
   */
  public record Lazy(
      int batchPages,
      int nearPages,
      int socketBuffer,
      Duration quiet,
      Duration patience,
      Duration captureWait) {
    private static Lazy from(Config lazy) {
      return new Lazy(
          lazy.getInt("batch-pages"),
          lazy.getInt("near-pages"),
          lazy.getInt("socket-buffer"),
          lazy.getDuration("quiet"),
          lazy.getDuration("patience"),
          lazy.getDuration("capture-wait"));
    }
  }

  /** What executes the guest's instructions. */
  public enum Accelerator {
    /** KVM where it runs ordinary guests, else TCG. */
    AUTO,
    /** Translation in software; works everywhere. */
    TCG,
    /** The CPU itself. */
    KVM
  }

  /** Reads {@code vnsnap.vm.qemu} of the given configuration. */
  public static QemuSettings from(Config config) {
    Config qemu = config.getConfig("vnsnap.vm.qemu");
    return new QemuSettings(
        qemu.getString("binary"),
        qemu.getString("image-tool"),
        accelerator(qemu),
        qemu.getString("machine"),
        qemu.getString("cpu"),
        qemu.getDuration("start-timeout"),
        qemu.getDuration("command-timeout"),
        qemu.getInt("message-limit"),
        qemu.getDuration("load-timeout"),
        qemu.getDuration("stall-timeout"),
        qemu.getDuration("visit-timeout"),
        qemu.getInt("stream-buffer"),
        qemu.getDuration("quit-timeout"),
        Lazy.from(qemu.getConfig("lazy")),
        qemu.getDuration("fold-wait"));
  }

  private static Accelerator accelerator(Config qemu) {
    String value = qemu.getString("accelerator");
    return switch (value) {
      case "auto" -> Accelerator.AUTO;
      case "tcg" -> Accelerator.TCG;
      case "kvm" -> Accelerator.KVM;
      default ->
          throw new IllegalArgumentException(
              "vnsnap.vm.qemu.accelerator must be auto, tcg or kvm, not " + value);
    };
  }
}
