package io.vnsnap.net;

import com.typesafe.config.Config;
import io.vnsnap.net.gate.GateSettings;
import io.vnsnap.net.link.LinkSettings;
import io.vnsnap.net.port.PortSettings;
import io.vnsnap.net.tls.TlsFiles;
import io.vnsnap.net.trunk.TrunkSettings;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a data plane; each key is explained in this module's {@code reference.conf}.
 *
 * @param port bounds of each port
 * @param gate bounds of each gate
 * @param link bounds of each link's shaping
 * @param trunk where to listen, and bounds of each trunk
 * @param hostRecordBytes direct memory for the recorded frames of all gates together
 * @param tls files for TLS between hosts; null: none
 */
public record NetSettings(
    PortSettings port,
    GateSettings gate,
    LinkSettings link,
    TrunkSettings trunk,
    long hostRecordBytes,
    @Nullable TlsFiles tls) {
  /** As much as one part in so many of the heap is for recorded frames, unless told otherwise. */
  private static final int HEAP_PER_RECORDS = 4;

  /** Acknowledgements while a trunk's queue fills up once, unless told otherwise. */
  private static final int ACKNOWLEDGEMENTS_PER_QUEUE = 32;

  /**
   * Reads {@code vnsnap.net} and {@code vnsnap.tls}.
   *
   * @param root the whole configuration
   * @throws com.typesafe.config.ConfigException if a key is missing or makes no sense
   */
  public static NetSettings from(Config root) {
    Config net = root.getConfig("vnsnap.net");
    return new NetSettings(
        port(net.getConfig("port")),
        gate(net.getConfig("gate")),
        link(net.getConfig("link")),
        trunk(net.getConfig("trunk")),
        hostRecordBytes(net),
        TlsFiles.from(root));
  }

  private static PortSettings port(Config port) {
    return new PortSettings(
        Math.toIntExact(port.getBytes("write-window")),
        Math.toIntExact(port.getBytes("read-buffer")),
        port.getDuration("connect-retry"));
  }

  private static GateSettings gate(Config gate) {
    return new GateSettings(
        gate.getBytes("queue-bytes"),
        gate.getBytes("record-bytes"),
        gate.getDuration("quiet-deadline"),
        gate.getDuration("drain-deadline"),
        gate.getDuration("max-hold"),
        gate.getDuration("max-replay"));
  }

  private static long hostRecordBytes(Config net) {
    String key = "host-record-bytes";
    return net.getString(key).equals("auto")
        ? Runtime.getRuntime().maxMemory() / HEAP_PER_RECORDS
        : net.getBytes(key);
  }

  private static int acknowledgeBytes(Config trunk) {
    String key = "acknowledge-bytes";
    return Math.toIntExact(
        trunk.getString(key).equals("auto")
            ? trunk.getBytes("queue-bytes") / ACKNOWLEDGEMENTS_PER_QUEUE
            : trunk.getBytes(key));
  }

  private static LinkSettings link(Config link) {
    return new LinkSettings(link.getBytes("delayed-bytes"), link.getDuration("granularity"));
  }

  private static TrunkSettings trunk(Config trunk) {
    return new TrunkSettings(
        new TrunkSettings.Place(
            trunk.getString("address"), trunk.getString("bind-address"), trunk.getInt("port")),
        new TrunkSettings.Sending(
            trunk.getBytes("queue-bytes"),
            trunk.getBytes("marker-reserve"),
            Math.toIntExact(trunk.getBytes("write-window")),
            trunk.getDuration("first-backoff"),
            trunk.getDuration("max-backoff"),
            trunk.getDuration("connect-timeout"),
            trunk.getDuration("user-timeout"),
            trunk.getDuration("welcome-timeout")),
        new TrunkSettings.Receiving(
            trunk.getDuration("hello-timeout"),
            trunk.getInt("max-connections"),
            acknowledgeBytes(trunk),
            trunk.getDuration("acknowledge-delay"),
            trunk.getBytes("read-limit")));
  }
}
