package io.vnsnap.bench.gate;

import java.util.List;

/**
 * What was measured with frames of one length.
 *
 * @param length in bytes, without checksum
 * @param routes relay, gates, gates recording; the same over TCP between two JVMs
 */
record SizeResult(int length, List<RouteResult> routes) {
  SizeResult {
    routes = List.copyOf(routes);
  }

  /** What a route's rate is compared with: its plain relay; or, while recording, itself. */
  RouteResult baseline(int route) {
    return switch (route) {
      case 0, 1 -> routes.get(0);
      case 2 -> routes.get(1);
      case 3, 4 -> routes.get(3);
      default -> routes.get(4);
    };
  }
}
