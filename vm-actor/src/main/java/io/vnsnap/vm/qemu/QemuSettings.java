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
    Duration foldWait) {

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
