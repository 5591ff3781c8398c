package io.vnsnap.it.vne;

import com.google.protobuf.ByteString;
import java.util.Locale;
import java.util.Optional;

/** What the traffic program of the guest kit verifies. */
enum Traffic {
  UDP,
  TCP,
  ICMP,
  ARP;

  private static final int TYPE_OFFSET = 12;
  private static final int PROTOCOL_OFFSET = 23;

  /** How the reports call what has arrived. */
  String received() {
    return name().toLowerCase(Locale.ROOT) + "_received";
  }

  /** Of an Ethernet frame; none for what is neither. */
  static Optional<Traffic> of(ByteString frame) {
    int type =
        Byte.toUnsignedInt(frame.byteAt(TYPE_OFFSET)) << 8
            | Byte.toUnsignedInt(frame.byteAt(TYPE_OFFSET + 1));
    if (type == 0x0806) {
      return Optional.of(ARP);
    }
    if (type != 0x0800 || frame.size() <= PROTOCOL_OFFSET) {
      return Optional.empty();
    }
    return switch (frame.byteAt(PROTOCOL_OFFSET)) {
      case 1 -> Optional.of(ICMP);
      case 6 -> Optional.of(TCP);
      case 17 -> Optional.of(UDP);
      default -> Optional.empty();
    };
  }
}
